import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Two servers on one folder would each take themselves for its only writer, and lose readings that they acknowledged.
 * A lock whose process is gone (a machine that was switched off) is taken over. Returns the way to give it back.
 * @throws Error in one line, where a server runs
 */
export function lockState(stateDir: string): () => void {
  const file = join(stateDir, 'server.pid')
  mkdirSync(stateDir, { recursive: true })
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
  } catch {
    const holder = Number(readFileSync(file, 'utf8'))
    if (isAlive(holder)) throw new Error(taken(holder, stateDir))
    writeFileSync(file, String(process.pid))
  }
  return () => rmSync(file, { force: true })
}

function taken(holder: number, stateDir: string): string {
  return `Process ${holder} serves ${stateDir}; choose another with STATE_DIR=… (or remove its server.pid, if that is no server).`
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
