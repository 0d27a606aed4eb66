// The house rules of docs/architecture.md that a compiler does not see: arrows point down only, no cycles, short files.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'

const src = join(import.meta.dirname, '..', 'src')
const longest = 300

/** Which layers a layer may import, besides itself. log.ts and env.ts are open to all. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'index.ts': ['app.ts', 'objects', 'routes', 'pipeline', 'services', 'connectors', 'codec', 'store', 'domain'],
  'app.ts': ['routes', 'pipeline', 'services', 'connectors', 'codec', 'domain'],
  objects: ['pipeline', 'services', 'connectors', 'store', 'codec', 'domain', 'device-socket', 'mqtt'],
  routes: ['pipeline', 'services', 'connectors', 'device-socket', 'codec', 'domain'],
  pipeline: ['services', 'connectors', 'store', 'codec', 'domain'],
  services: ['pipeline', 'connectors', 'store', 'codec', 'domain'],
  connectors: ['codec', 'domain'],
  'device-socket': ['codec', 'domain'],
  mqtt: ['codec', 'domain'],
  store: ['domain'],
  codec: ['domain'],
  domain: [],
  'log.ts': ['domain'],
  'env.ts': ['domain'],
  web: ['domain'],
}
const openToAll = ['log.ts', 'env.ts']

/** These name a Workers API; everything else can be tested without one. */
const platformLayers = ['objects', 'routes', 'store', 'index.ts', 'app.ts', 'env.ts']
const platformName = /\b(?:Drizzle)?(?:D1Database|D1PreparedStatement|DurableObject\w*)\b|from 'cloudflare:/

interface SourceFile {
  readonly path: string
  readonly layer: string
  readonly text: string
  readonly imports: readonly string[]
}

/** Comments may name anything. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' ')).replace(/(^|\s)\/\/.*$/gm, '$1')
}

function importsOf(path: string, code: string): string[] {
  const statement = /^\s*(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm
  return [...code.matchAll(statement)].map(([, from, dynamic]) => {
    const target = from ?? dynamic ?? ''
    return target.startsWith('.') ? posix.join(posix.dirname(path), target) : target
  })
}

function readSource(): SourceFile[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => {
      const text = readFileSync(join(src, path), 'utf8')
      return { path, layer: layerOf(path), text, imports: importsOf(path, withoutComments(text)) }
    })
}

function layerOf(path: string): string {
  return path.split('/')[0] ?? path
}

const isOurs = (target: string) => existsSync(join(src, target)) && /\.[a-z]+$/.test(target)

function wrongArrows({ path, layer, imports }: SourceFile): string[] {
  const layers = allowed[layer]
  if (!layers) return [`src/${path} is in no layer that test/house.test.ts knows: "${layer}"`]
  return imports
    .filter(isOurs)
    .filter((target) => ![layer, ...layers, ...openToAll].includes(layerOf(target)))
    .map((target) => `src/${path} imports src/${target}: ${layer} may import ${layers.join(', ') || 'nothing'}`)
}

function platformNames({ path, layer, text }: SourceFile): string[] {
  if (platformLayers.includes(layer)) return []
  return withoutComments(text)
    .split('\n')
    .flatMap((line, index) => {
      const found = platformName.exec(line)
      return found ? [`src/${path}:${index + 1} names the Workers API "${found[0]}"`] : []
    })
}

/** Every cycle once, from its first file in the order of the alphabet. */
function cycles(files: readonly SourceFile[]): string[] {
  const imports = new Map(files.map((file) => [file.path, file.imports.filter(isOurs)]))
  const found = new Set<string>()
  const done = new Set<string>()
  function visit(path: string, trail: readonly string[]): void {
    const at = trail.indexOf(path)
    if (at >= 0) {
      const ring = trail.slice(at)
      const first = ring.indexOf([...ring].sort()[0] ?? path)
      const turned = [...ring.slice(first), ...ring.slice(0, first), ring[first]]
      found.add(turned.map((file) => `src/${file}`).join(' → '))
      return
    }
    if (done.has(path)) return
    for (const target of imports.get(path) ?? []) visit(target, [...trail, path])
    done.add(path)
  }
  for (const { path } of files) visit(path, [])
  return [...found]
}

describe('the house', () => {
  const files = readSource()

  it('has its arrows pointing down', () => {
    expect(files.flatMap(wrongArrows)).toEqual([])
  })

  it('names a Workers API only where the platform is met', () => {
    expect(files.flatMap(platformNames)).toEqual([])
  })

  it('has no import cycles', () => {
    expect(cycles(files)).toEqual([])
  })

  it(`has no file over ${longest} lines`, () => {
    const long = files
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > longest)
    expect(long.map(({ path, lines }) => `src/${path} has ${lines} lines`)).toEqual([])
  })
})
