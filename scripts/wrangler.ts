import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unstable_readConfig } from 'wrangler'

export const root = fileURLToPath(new URL('..', import.meta.url))

export interface CommandResult {
  readonly code: number
  readonly output: string
}

/** Runs a command of node_modules/.bin, without a shell. */
export function run(command: string, args: readonly string[], input?: string): Promise<CommandResult> {
  return new Promise((resolve) => {
    const env = { ...process.env, CI: 'true', NO_COLOR: '1' }
    const child = spawn(join(root, 'node_modules', '.bin', command), args, { cwd: root, env })
    let output = ''
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString()
    })
    child.stderr.on('data', (data: Buffer) => {
      output += data.toString()
    })
    child.on('error', (error) => resolve({ code: 1, output: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
    child.stdin.end(input ?? '')
  })
}

/** @throws Error with the command's output */
export async function mustRun(command: string, args: readonly string[], input?: string): Promise<string> {
  const { code, output } = await run(command, args, input)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${output}`)
  return output
}

export interface Database {
  readonly binding: string
  readonly migrationsDir: string
}

/** The D1 databases of wrangler.toml. */
export function databases(): Database[] {
  const config = unstable_readConfig({ config: join(root, 'wrangler.toml') }, { hideWarnings: true })
  return config.d1_databases.map(({ binding, migrations_dir }) => ({
    binding,
    migrationsDir: migrations_dir ?? 'migrations',
  }))
}

/** Changes with any migration file. */
export function migrationsHash(): string {
  const hash = createHash('sha256')
  for (const { binding, migrationsDir } of databases()) {
    for (const file of readdirSync(join(root, migrationsDir))
      .filter((name) => name.endsWith('.sql'))
      .sort()) {
      hash.update(`${binding}/${file}\n`).update(readFileSync(join(root, migrationsDir, file)))
    }
  }
  return hash.digest('hex')
}

/** One after another: they share a folder of SQLite files. */
export async function applyLocalMigrations(stateDir: string): Promise<void> {
  for (const { binding } of databases()) {
    await mustRun('wrangler', ['d1', 'migrations', 'apply', binding, '--local', '--persist-to', stateDir])
  }
}
