// What Linux knows of a process; elsewhere there is no /proc, and then these columns stay empty.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const ticksPerSecond = 100

/** The process that listens on a port of 127.0.0.1. */
export function pidListening(port: number): number | undefined {
  const inode = listeningInode(port)
  if (inode === undefined) return undefined
  return readDir('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => holdsSocket(pid, inode))
}

function listeningInode(port: number): string | undefined {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  for (const line of readText('/proc/net/tcp').split('\n')) {
    const [, address, , state, , , , , , inode] = line.trim().split(/\s+/)
    if (state === '0A' && address?.endsWith(local)) return inode
  }
  return undefined
}

function holdsSocket(pid: number, inode: string): boolean {
  return readDir(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`
    } catch {
      return false // closed meanwhile
    }
  })
}

/** User and system time so far. */
export function cpuMs(pid: number | undefined): number | undefined {
  const stat = pid === undefined ? '' : readText(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return Number.isFinite(ticks) ? (ticks * 1000) / ticksPerSecond : undefined
}

export function rssBytes(pid: number | undefined): number | undefined {
  const kilobytes = pid === undefined ? undefined : /VmRSS:\s+(\d+)/.exec(readText(`/proc/${pid}/status`))?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function readDir(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
