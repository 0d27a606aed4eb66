import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { unstable_readConfig } from 'wrangler'

export const root = join(import.meta.dirname, '..')
export const defaultConfigPath = join(root, 'wrangler.toml')

export interface CommandResult {
  readonly code: number
  /** Both streams, as they came. */
  readonly output: string
}

export interface RunOptions {
  readonly input?: string
  /** Show the output as it comes, too. */
  readonly show?: boolean
}

/** Runs a command of node_modules/.bin, without a shell. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  return new Promise((done) => {
    const child = spawn(join(root, 'node_modules', '.bin', command), args, { cwd: root })
    const chunks: Buffer[] = []
    const take = (stream: NodeJS.WriteStream) => (chunk: Buffer) => {
      chunks.push(chunk)
      if (options.show) stream.write(chunk)
    }
    child.stdout.on('data', take(process.stdout))
    child.stderr.on('data', take(process.stderr))
    child.on('error', (error) => done({ code: 1, output: error.message }))
    child.on('close', (code) => done({ code: code ?? 1, output: Buffer.concat(chunks).toString() }))
    // A command that ends without reading its input is judged by its exit code, not by the broken pipe.
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}

/** @throws Error with the command's output, unless that was shown already */
export async function mustRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, output } = await run(command, args, options)
  if (code === 0) return output
  throw new Error(`${command} ${args.join(' ')} failed${options.show ? '.' : `:\n${output}`}`)
}

export interface Database {
  readonly binding: string
  readonly name: string
  /** Under which wrangler keeps the local copy. */
  readonly localId: string
  readonly migrationsDir: string
  readonly migrationsTable: string
}

export interface Project {
  readonly name: string
  readonly crons: readonly string[]
  readonly databases: readonly Database[]
}

/** What wrangler types of its configuration that is used here; its own type is in a package that it does not bring. */
interface WranglerConfig {
  readonly name?: string
  readonly triggers: { readonly crons?: readonly string[] }
  readonly d1_databases: readonly {
    readonly binding: string
    readonly database_name?: string
    readonly database_id?: string
    readonly preview_database_id?: string
    readonly migrations_dir?: string
    readonly migrations_table?: string
  }[]
}

export function readProject(configPath = defaultConfigPath): Project {
  const config: WranglerConfig = unstable_readConfig({ config: configPath }, { hideWarnings: true })
  return {
    name: config.name ?? 'worker',
    crons: config.triggers.crons ?? [],
    databases: config.d1_databases.map((database) => ({
      binding: database.binding,
      name: database.database_name ?? database.binding,
      localId: database.preview_database_id ?? database.database_id ?? database.binding,
      migrationsDir: resolve(configPath, '..', database.migrations_dir ?? 'migrations'),
      migrationsTable: database.migrations_table ?? 'd1_migrations',
    })),
  }
}
