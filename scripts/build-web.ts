// What wrangler's [build] runs before it bundles the Worker: src/web → dist/web.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build, type Metafile } from 'esbuild'

const root = join(import.meta.dirname, '..')
const source = join(root, 'src', 'web')
const target = join(root, 'dist', 'web')

export interface WebFile {
  /** From dist/web. */
  readonly path: string
  readonly bytes: Uint8Array
}

export interface WebBuild {
  readonly files: readonly WebFile[]
  /** The page's own script and style; everything else is loaded when its route is opened. */
  readonly entry: { readonly script: string; readonly style: string }
  readonly metafile: Metafile
}

/** Names carry a hash of what is in them, so that browsers may keep them for ever (src/web/_headers). */
export async function buildWeb(): Promise<WebBuild> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { app: join(source, 'main.tsx'), style: join(source, 'styles', 'index.css') },
    outdir: join(target, 'assets'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2023',
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  const assets = outputFiles.map(({ path, contents }) => ({ path: path.slice(target.length + 1), bytes: contents }))
  const named = (pattern: RegExp) => assets.find(({ path }) => pattern.test(path))?.path ?? ''
  const entry = { script: named(/^assets\/app-\w+\.js$/), style: named(/^assets\/style-\w+\.css$/) }
  const html = readFileSync(join(source, 'index.html'), 'utf8')
    .replace('main.tsx', entry.script)
    .replace('styles/index.css', entry.style)
    .replace('</head>', `${importedBy(metafile, entry.script).map(preload).join('')}</head>`)
  const still = ['_headers', 'icon.svg'].map((path) => ({ path, bytes: readFileSync(join(source, path)) }))
  return { files: [...assets, ...still, { path: 'index.html', bytes: Buffer.from(html) }], entry, metafile }
}

const preload = (path: string) => `<link rel="modulepreload" href="/${path}">\n`

/** All that a script loads before it runs, so that a page can ask for it at once. */
export function importedBy({ outputs }: Metafile, script: string): string[] {
  const found = new Set<string>()
  function visit(path: string): void {
    for (const { path: imported, kind } of outputs[`dist/web/${path}`]?.imports ?? []) {
      const name = imported.replace('dist/web/', '')
      if (kind !== 'import-statement' || found.has(name)) continue
      found.add(name)
      visit(name)
    }
  }
  visit(script)
  return [...found]
}

/** Whole files only, the page last: a server may be reading them. */
export function writeWeb({ files }: WebBuild): void {
  for (const { path, bytes } of files) {
    const file = join(target, path)
    if (existsSync(file) && Buffer.compare(readFileSync(file), bytes) === 0) continue
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.${process.pid}`, bytes)
    renameSync(`${file}.${process.pid}`, file)
  }
  const known = new Set(files.map(({ path }) => path.split('/').at(-1)))
  for (const name of readdirSync(join(target, 'assets'))) {
    if (!known.has(name) && /\.(js|css)$/.test(name)) rmSync(join(target, 'assets', name), { force: true })
  }
}

if (import.meta.main) {
  await buildWeb()
    .then(writeWeb)
    .catch((error: unknown) => {
      console.error(error instanceof Error ? error.message : error)
      process.exit(1)
    })
}
