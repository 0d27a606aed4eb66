import { withDeadline } from '../../domain/deadline.ts'
import { limits } from '../../domain/limits.ts'
import { log } from '../../log.ts'
import { reasons } from '../../mqtt/reason-codes.ts'
import type { Delivery } from '../../mqtt/space/calls.ts'
import { type BrokerLink, brokerOf } from '../broker/links.ts'

export interface OutboxHost {
  broker(name: string): BrokerLink
  /** These connections are not there (any more). */
  gone(connections: readonly string[]): void
  /** Goes on after the call that asked for it. */
  background(work: Promise<unknown>): void
}

/**
 * The one path by which messages leave for the brokers: one call under way to each, and what comes meanwhile goes
 * with the next, so that a client gets them in the order in which the topic space gave them out.
 */
export class BrokerOutbox {
  readonly #host: OutboxHost
  readonly #waiting = new Map<string, Delivery[]>()

  constructor(host: OutboxHost) {
    this.#host = host
  }

  deliver(deliveries: readonly Delivery[]): void {
    for (const [name, group] of Map.groupBy(deliveries, ({ connection }) => brokerOf(connection))) {
      const waiting = this.#waiting.get(name)
      if (waiting) waiting.push(...group)
      else {
        this.#waiting.set(name, group)
        this.#host.background(this.#drain(name, group))
      }
    }
  }

  kick(connections: readonly string[], reasonCode: number, detail: string): void {
    this.#toEach(connections, (broker, own) => broker.kick(own, reasonCode, detail))
  }

  recheck(connections: readonly string[]): void {
    this.#toEach(connections, (broker, own) => broker.recheck(own))
  }

  #toEach(connections: readonly string[], call: (broker: BrokerLink, own: string[]) => Promise<void>): void {
    for (const [name, own] of Map.groupBy(connections, brokerOf)) {
      // Who cannot be told finds out with its next word: the space knows the connection no more.
      this.#host.background(call(this.#host.broker(name), own).catch(() => undefined))
    }
  }

  async #drain(name: string, waiting: Delivery[]): Promise<void> {
    await undefined
    while (waiting.length > 0) {
      const batch = waiting.splice(0)
      const gone = await this.#deliver(name, batch)
      if (gone.length > 0) this.#host.gone(gone)
    }
    this.#waiting.delete(name)
  }

  /** A broker that does not answer has lost its sockets, or will be told that they are not known here. */
  async #deliver(name: string, batch: readonly Delivery[]): Promise<readonly string[]> {
    try {
      return await withDeadline(this.#host.broker(name).deliver(batch), limits.tellMs)
    } catch (error) {
      log('warn', 'broker_unreachable', { error })
      const connections = batch.map(({ connection }) => connection)
      // It may have them still, and only be slow: nobody must be left connected to a session that is over.
      this.kick(connections, reasons.serverUnavailable, 'A part of the service does not answer; connect again.')
      return connections
    }
  }
}
