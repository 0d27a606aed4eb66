// Runs a script with the project's own Node, after installing what is missing:
//   node scripts/run.mjs scripts/start.ts [arguments]
// Plain JavaScript: on a fresh clone it is the machine's Node 20 that runs it.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const bin = join(root, 'node_modules', '.bin')
const node = join(bin, 'node')

function installMissing() {
  const marker = join(root, 'node_modules', '.installed')
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(node) && existsSync(marker) && readFileSync(marker, 'utf8') === lock) return
  console.error('Installing dependencies: npm ci')
  if (!npm('ci')) {
    // npm ci refuses a lock file that lists optional packages which the registry does not have; install skips them.
    console.error('npm ci failed, see above. Trying npm install, by the same lock file.')
    if (!npm('install', '--no-save')) {
      console.error('Could not install the dependencies. Check the network and the npm registry setting.')
      process.exit(1)
    }
  }
  writeFileSync(marker, lock)
}

function npm(...args) {
  const { status, error } = spawnSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    // Standard output belongs to the script.
    stdio: ['inherit', 2, 2],
  })
  if (error) console.error(`Could not run npm: ${error.message}`)
  return status === 0 && existsSync(node)
}

const [script, ...args] = process.argv.slice(2)
if (!script) {
  console.error('Usage: node scripts/run.mjs scripts/<name>.ts [arguments]')
  process.exit(2)
}
installMissing()
const child = spawn(node, [join(root, script), ...args], {
  cwd: root,
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    WRANGLER_SEND_METRICS: 'false',
  },
})
// A supervisor's signal reaches only this process; the child is the one to decide how to end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  console.error(`Could not start ${node}: ${error.message}`)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
