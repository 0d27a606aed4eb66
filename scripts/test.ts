// npm test: everything, the quick steps first; closes on the test runner's own summary.
// Arguments go to vitest: npm test -- test/codec
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyLocalMigrations, root, run } from './wrangler.ts'

type Check = readonly [title: string, work: () => Promise<{ code: number; output: string }>]

async function migrateEmpty(): Promise<{ code: number; output: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'migrations-'))
  try {
    await applyLocalMigrations(dir)
    return { code: 0, output: '' }
  } catch (error) {
    return { code: 1, output: String(error) }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const typesCheck = ['types', '--include-runtime=false', '--strict-vars=false', '--check']
const lanes: readonly (readonly Check[])[] = [
  [
    ['format and lint', () => run('biome', ['check', '--error-on-warnings'])],
    ['types of src', () => run('tsc', ['-p', 'tsconfig.json'])],
    ['types of tests of the Worker', () => run('tsc', ['-p', 'tsconfig.test.json'])],
    ['types of scripts, examples and other tests', () => run('tsc', ['-p', 'tsconfig.node.json'])],
  ],
  [
    ['wrangler types --check', () => run('wrangler', typesCheck)],
    ['migrations on an empty database', migrateEmpty],
    ['deploy --dry-run', () => run('node', ['scripts/deploy.ts', '--dry-run'])],
  ],
]

async function runChecks(checks: readonly Check[]): Promise<void> {
  for (const [title, work] of checks) {
    const startedAt = Date.now()
    const { code, output } = await work()
    const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
    console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${title} (${seconds} s)`)
    if (code === 0) continue
    console.log(output)
    process.exit(1)
  }
}

function vitest(args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(join(root, 'node_modules', '.bin', 'vitest'), ['run', ...args], { cwd: root, stdio: 'inherit' })
    child.on('close', (code) => resolve(code ?? 1))
  })
}

await Promise.all(lanes.map(runChecks))
process.exit(await vitest(process.argv.slice(2)))
