import type { CommandStatus } from '../../domain/command.ts'
import type { NetworkRoute } from '../../domain/network-route.ts'

const servers: readonly (string | undefined)[] = ['ttn', 'chirpstack'] satisfies NetworkRoute['server'][]

/** What the sender of a command is to know though all is well: we cannot see whether the server has an encoder. */
export function remarkOnQueued({ state, transport }: CommandStatus, params: unknown): string | undefined {
  if (state !== 'queued' || !servers.includes(transport)) return undefined
  if (typeof params === 'object' && params !== null && 'bytes' in params) return undefined
  return 'It waits at the network server, whose encoder is to make bytes of it: without one there, an empty downlink may be sent.'
}

/** Both servers can empty their queue of a device, which may hold what others put there, and take no single item out. */
export function remarkOnCancelled({ transport, sentAt }: CommandStatus): string | undefined {
  if (sentAt !== undefined || !servers.includes(transport)) return undefined
  return 'It is not waited for any more, but is in the queue of the network server and may still be sent: a command with "replace": true in its params empties that queue.'
}
