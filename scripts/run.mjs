// Runs a script with the project's own Node after installing what is missing:
//   node scripts/run.mjs scripts/start.ts [arguments]
// Plain JavaScript: on a fresh clone the machine's Node 20 runs it.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
const marker = join(root, 'node_modules', '.installed')
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex')

if (!existsSync(join(bin, 'node')) || !existsSync(marker) || readFileSync(marker, 'utf8') !== lock) {
  console.error('Installing dependencies (npm ci) …')
  const install = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
  })
  if (install.status !== 0) {
    console.error('npm ci failed; nothing else was done.')
    process.exit(install.status ?? 1)
  }
  writeFileSync(marker, lock)
}

const [script, ...args] = process.argv.slice(2)
const child = spawn(join(bin, 'node'), ['--disable-warning=ExperimentalWarning', join(root, script), ...args], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    WRANGLER_SEND_METRICS: 'false',
  },
})
// A terminal sends Ctrl-C to the whole group; a supervisor's signal reaches only this process.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
