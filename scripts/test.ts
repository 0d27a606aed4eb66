// npm test: everything, in named steps, the quick ones first; it closes on vitest's own summary.
// Arguments go to vitest: npm test -- test/codec
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrateLocal } from './migrate-local.ts'
import { mustRun, root } from './wrangler.ts'

interface Step {
  readonly title: string
  /** Rejects with what there is to read. */
  readonly work: () => Promise<unknown>
}

/** Two lanes for two cores: what is light on memory stands against what starts a runtime. */
const lanes: readonly (readonly Step[])[] = [
  [
    { title: 'format and lint', work: () => mustRun('biome', ['check', '--error-on-warnings']) },
    { title: 'types of src', work: () => mustRun('tsc', ['-p', 'tsconfig.json']) },
    { title: 'types of test', work: () => mustRun('tsc', ['-p', 'tsconfig.test.json']) },
    { title: 'types of scripts, bench, examples and e2e', work: () => mustRun('tsc', ['-p', 'tsconfig.node.json']) },
  ],
  [
    { title: 'worker-configuration.d.ts is what wrangler.toml gives', work: checkBindingTypes },
    { title: 'migrations on empty databases', work: migrateEmpty },
    { title: 'deploy --dry-run', work: () => mustRun('node', ['scripts/deploy.ts', '--dry-run']) },
  ],
]

function checkBindingTypes(): Promise<string> {
  return mustRun('wrangler', ['types', '--include-runtime=false', '--strict-vars=false', '--check'])
}

async function migrateEmpty(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'autoconnecto-migrations-'))
  try {
    await migrateLocal(dir)
    // Again: applied ones are left alone.
    await migrateLocal(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function runLane(steps: readonly Step[]): Promise<void> {
  for (const { title, work } of steps) {
    const startedAt = performance.now()
    const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
    try {
      await work()
      console.log(`ok    ${title} (${seconds()})`)
    } catch (error) {
      console.error(`FAIL  ${title} (${seconds()})\n${error instanceof Error ? error.message : error}`)
      process.exit(1)
    }
  }
}

function runVitest(args: readonly string[]): Promise<number> {
  const vitest = spawn(join(root, 'node_modules', '.bin', 'vitest'), ['run', ...args], { cwd: root, stdio: 'inherit' })
  return new Promise((done, fail) => {
    vitest.on('error', fail)
    vitest.on('exit', (code) => done(code ?? 1))
  })
}

await Promise.all(lanes.map(runLane))
process.exit(await runVitest(process.argv.slice(2)))
