import type { Command, CommandFailure } from '../../domain/command.ts'
import { limits } from '../../domain/limits.ts'
import type { DownlinkNews } from '../../domain/network-route.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import type { Handed } from '../../services/downlinks/hand-to-network.ts'
import type { CommandQueue } from './command-queue.ts'
import type { CommandRow } from './command-row.ts'

/** The network server that leads to the device. */
export interface NetworkPort {
  /** Its name as a way; undefined: none does. */
  way(): string | undefined
  hand(device: DeviceIdentity, command: Command): Promise<Handed>
}

interface NetworkHost {
  readonly network?: NetworkPort
  /** Something became of a command. */
  changed(id: string): void
  /** The object's alarm must ring by then. */
  arm(at: number): void
  now(): number
}

/** Reasons of the events that tell of it. */
const failures: Readonly<Record<string, CommandFailure>> = {
  nacked: 'downlink_nacked',
  invalidated: 'downlink_invalidated',
}

type Ending = 'failed' | 'expired' | 'cancelled'

/**
 * Commands that go by a LoRaWAN network server: it queues them, and says later what became of each. `queued` while they
 * wait there, `sent` when a radio gateway sent them, `delivered` by the device's own word alone.
 */
export class CommandNetwork {
  readonly #queue: CommandQueue
  readonly #host: NetworkHost
  #restUntil = 0

  constructor(queue: CommandQueue, host: NetworkHost) {
    this.#queue = queue
    this.#host = host
  }

  /** False: it waits with us, and the others behind it. */
  async ask(device: DeviceIdentity, id: string): Promise<boolean> {
    const { network } = this.#host
    const way = network?.way()
    if (!network || way === undefined) return false
    const row = this.#queue.get(id)
    if (!row || row.finishedAt !== null) return true // cancelled meanwhile
    const now = this.#host.now()
    if (this.isResting) return false
    this.#queue.markAsking(row, row.command.persistent ? 0 : now + limits.commandExpiryMs)
    const asked = this.#queue.get(id) ?? row
    this.#host.arm(asked.command.expiresAt)
    return this.#settle(asked, way, await network.hand(device, asked.command))
  }

  #settle({ command }: CommandRow, way: string, handed: Handed): boolean {
    const { id } = command
    if (handed.kind === 'taken') {
      if (handed.replaces) this.#endReplaced(way)
      this.#queue.markTaken(id, way, handed.mark, handed.isConfirmed)
      this.#host.changed(id)
      return true
    }
    if (handed.kind === 'refused') {
      this.#end(id, 'failed', handed.code, handed.detail)
      return true
    }
    if (!command.persistent) {
      this.#end(id, 'failed', 'network_unreachable', handed.detail)
      return true
    }
    this.#queue.unask(id, handed.isDoubtful)
    // The longer it waits, the less often it is asked for.
    const now = this.#host.now()
    const waited = Math.min(now - command.createdAt, limits.networkRetryMaxMs)
    this.#restUntil = now + Math.max(handed.retryMs, waited)
    this.#host.arm(this.#restUntil)
    return false
  }

  /** The server is not asked for a while. */
  get isResting(): boolean {
    if (this.#host.now() >= this.#restUntil) return false
    this.#host.arm(this.#restUntil)
    return true
  }

  /** Why a command that does not wait is not taken. */
  get absence(): CommandFailure {
    return this.#host.network?.way() === undefined ? 'device_offline' : 'network_unreachable'
  }

  #endReplaced(way: string): void {
    for (const { command } of this.#queue.waitingAt(way)) {
      this.#end(command.id, 'cancelled', 'downlink_replaced', 'A later command took its place in the queue.')
    }
  }

  #end(id: string, state: Ending, code: CommandFailure, detail: string, at = this.#host.now()): void {
    if (this.#queue.get(id)?.finishedAt !== null) return
    this.#queue.finish(id, state, { success: false, code, detail }, at)
    this.#host.changed(id)
  }

  /** Comes in any order, and more than once. What is none of ours is passed over. */
  take({ marks, became, at, reason, detail }: DownlinkNews): void {
    const row = this.#queue.byMark(marks)
    if (!row) return
    const { id } = row.command
    if (became === 'queued') {
      // What nobody was sure of: it arrived.
      this.#queue.foundAt(id, this.#host.network?.way() ?? '', id)
    } else if (became === 'delivered') {
      if (row.state === 'delivered' || row.state === 'succeeded' || row.state === 'cancelled') return
      this.#queue.markConfirmed(id, at)
    } else if (became === 'sent') {
      if (row.state !== 'queued') return
      this.#queue.markTransmitted(row, at)
    } else {
      const isOver = row.finishedAt !== null && row.state !== 'sent'
      if (isOver) return
      const code = became === 'expired' ? 'downlink_expired' : (failures[reason ?? ''] ?? 'downlink_failed')
      this.#queue.finish(id, became, { success: false, code, detail }, at)
    }
    this.#host.changed(id)
  }

  /** After an eviction: a server that was being asked may have taken it. */
  woke(): number {
    const asked = this.#queue.asked()
    for (const { command } of asked) {
      if (command.persistent) this.#queue.unask(command.id, true)
      else this.#end(command.id, 'failed', 'network_unreachable', 'The service restarted; it may have been sent.')
    }
    return asked.length
  }
}
