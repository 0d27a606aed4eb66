// npm run size: what the Worker weighs and how long it takes to start, against the budget that CI holds it to.
// -- --check only compares, and is quick.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { mustRun, root } from './wrangler.ts'

/** Every device's cold start pays for it, and the free plan takes 3 MiB. Raise it with a reason. */
const budgetBytes = 460 * 1024
const startUpRuns = 7

interface Metafile {
  readonly outputs: Readonly<Record<string, { readonly inputs: Readonly<Record<string, { bytesInOutput: number }>> }>>
}

interface Bundle {
  readonly gzipped: number
  readonly plain: number
  /** Bytes before gzip, by folder of src or by package. */
  readonly parts: readonly (readonly [part: string, bytes: number])[]
}

export async function measureBundle(outDir: string): Promise<Bundle> {
  const metafile = join(outDir, 'meta.json')
  await mustRun('wrangler', ['deploy', '--dry-run', '--outdir', outDir, '--metafile', metafile])
  const bundle = readFileSync(join(outDir, 'index.js'))
  const { outputs } = JSON.parse(readFileSync(metafile, 'utf8')) as Metafile
  const parts = new Map<string, number>()
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const part = partOf(path)
      parts.set(part, (parts.get(part) ?? 0) + bytesInOutput)
    }
  }
  const sorted = [...parts].toSorted(([, a], [, b]) => b - a)
  return { gzipped: gzipSync(bundle, { level: 9 }).length, plain: bundle.length, parts: sorted }
}

function partOf(path: string): string {
  const name = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
  if (name) return name
  const [, folder = '', inner = ''] = path.split('/')
  return folder === 'services' ? `src/services/${inner}` : `src/${folder}`
}

/** @throws Error above the budget */
export async function checkBudget(): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), 'autoconnecto-size-'))
  try {
    const { gzipped } = await measureBundle(outDir)
    const said = `${kib(gzipped)} gz of ${kib(budgetBytes)}`
    if (gzipped > budgetBytes) throw new Error(`The bundle is above its budget: ${said} (scripts/size.ts).`)
    return said
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
}

/**
 * CPU time of compiling the bundle and running its top level, in a fresh process of the same engine; the platform's modules
 * are empty. The least of some runs: the others paid for something else.
 */
function measureStartUp(outDir: string): number {
  const script = join(outDir, 'start-up.mjs')
  writeFileSync(
    script,
    `import { registerHooks } from 'node:module'
const empty = 'export class DurableObject {}; export class WorkerEntrypoint {}; export const env = {}'
registerHooks({
  resolve: (name, context, next) => name.startsWith('cloudflare:') ? { url: 'data:text/javascript,' + encodeURIComponent(empty), shortCircuit: true } : next(name, context),
})
const before = process.cpuUsage()
await import('./index.js')
const { user, system } = process.cpuUsage(before)
console.log((user + system) / 1000)
`,
  )
  writeFileSync(join(outDir, 'package.json'), '{"type":"module"}')
  const runs = Array.from({ length: startUpRuns }, () => {
    const { stdout, stderr } = spawnSync(join(root, 'node_modules', '.bin', 'node'), [script], { encoding: 'utf8' })
    const ms = Number(stdout)
    if (!(ms > 0)) throw new Error(`The bundle did not start:\n${stderr}`)
    return ms
  })
  return Math.min(...runs)
}

const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`

async function main(): Promise<void> {
  if (process.argv.includes('--check')) return console.log(await checkBudget())
  const outDir = mkdtempSync(join(tmpdir(), 'autoconnecto-size-'))
  try {
    const { gzipped, plain, parts } = await measureBundle(outDir)
    for (const [part, bytes] of parts.slice(0, 24)) console.log(`${part.padEnd(28)} ${kib(bytes).padStart(11)}`)
    console.log(`\nbundle    ${kib(plain)}, ${kib(gzipped)} gz; budget ${kib(budgetBytes)} gz`)
    console.log(`start-up  ${measureStartUp(outDir).toFixed(0)} ms of CPU (least of ${startUpRuns})`)
    if (gzipped > budgetBytes) process.exitCode = 1
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  })
}
