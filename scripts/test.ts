// npm test: everything, in named steps, the quick ones first; it closes on vitest's own summary.
// Arguments go to vitest: npm test -- test/codec
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrateLocal } from './migrate-local.ts'
import { checkBudget } from './size.ts'
import { codeSteps, runSteps, type Step } from './steps.ts'
import { mustRun, root } from './wrangler.ts'

const deploySteps: readonly Step[] = [
  {
    title: 'worker-configuration.d.ts is what wrangler.toml gives',
    work: () => mustRun('wrangler', ['types', '--include-runtime=false', '--strict-vars=false', '--check']),
  },
  { title: 'migrations on empty databases', work: migrateEmpty },
  { title: 'the bundle keeps to its budget', work: checkBudget },
  { title: 'deploy --dry-run', work: () => mustRun('node', ['scripts/deploy.ts', '--dry-run']) },
]

async function migrateEmpty(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'autoconnecto-migrations-'))
  try {
    await migrateLocal(dir)
    // Again: what is applied is left alone.
    await migrateLocal(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function runVitest(args: readonly string[]): Promise<number> {
  const vitest = spawn(join(root, 'node_modules', '.bin', 'vitest'), ['run', ...args], { cwd: root, stdio: 'inherit' })
  return new Promise((done, fail) => {
    vitest.on('error', fail)
    vitest.on('exit', (code) => done(code ?? 1))
  })
}

// Two at a time, for the two cores of a small machine.
await Promise.all([runSteps(codeSteps), runSteps(deploySteps)])
process.exit(await runVitest(process.argv.slice(2)))
