import { expect } from 'vitest'
import type { Message, Outbound, QoS } from '../../../src/mqtt/space/message.ts'

const never = Number.POSITIVE_INFINITY

interface Owed {
  readonly name: string
  readonly topic: string
  readonly qos: QoS
  readonly expiresAt: number
}

/** What the standard owes one client, and what a client that follows it makes of what it is sent. */
export class Client {
  readonly id: string
  connection: string | undefined
  lives = 0
  endsAt = never
  pendingWill: string | undefined
  readonly subscriptions = new Map<string, { qos: QoS; noLocal: boolean }>()
  readonly unsettled = new Map<number, Outbound>()
  /** QoS 2 packet ids between PUBLISH and PUBREL, with the messages. */
  readonly halfway = new Map<number, string>()
  got: string[] = []
  #owed: Owed[] = []
  #delay = 0

  constructor(id: string) {
    this.id = id
  }

  /** The name of a will that would be due now, or would never be. */
  willOnReopening(goesOn: boolean): { name: string; isDue: boolean } | undefined {
    const name = this.connection === undefined ? this.pendingWill : `will of ${this.connection}`
    this.pendingWill = undefined
    if (name === undefined) return undefined
    return { name, isDue: !goesOn || (this.connection !== undefined && this.#delay === 0) }
  }

  opened(connection: string, lives: number, delay: number): void {
    Object.assign(this, { connection, lives, endsAt: never })
    this.#delay = delay
    this.unsettled.clear()
  }

  closed(now: number, pendingWill: string | undefined): void {
    this.connection = undefined
    this.endsAt = now + this.lives * 1000
    this.pendingWill = pendingWill
    if (this.lives === 0) this.forget()
  }

  /** The session has ended. */
  forget(): void {
    this.#expectOrder()
    this.subscriptions.clear()
    this.unsettled.clear()
    this.halfway.clear()
    this.got = []
    this.#owed = []
    this.lives = 0
    this.endsAt = never
  }

  /** Returns the name of what it must be handed at once. */
  owe(message: Message, from: string, now: number): string | undefined {
    const hits = [...this.subscriptions].filter(
      ([filter, { noLocal }]) => isMatch(filter, message.topic) && !(noLocal && from === this.id),
    )
    const most = Math.min(message.qos, Math.max(...hits.map(([, it]) => it.qos))) as QoS
    if (hits.length === 0 || (most === 0 && this.connection === undefined)) return undefined
    const name = nameOf(message)
    const seconds = message.properties?.messageExpiryInterval
    this.#owed.push({ name, topic: message.topic, qos: most, expiresAt: seconds ? now + seconds * 1000 : never })
    const isAtOnce = most === 0 || this.unsettled.size === 0
    return this.connection !== undefined && isAtOnce ? name : undefined
  }

  take(outbound: readonly Outbound[], now: number): void {
    for (const it of outbound) {
      if (it.id !== undefined) this.unsettled.set(it.id, it)
      if (it.kind === 'publish') this.#takeMessage(it, now)
      else expect(this.halfway.has(it.packetId), 'a PUBREL for what was received').toBe(true)
    }
  }

  #takeMessage({ message, packetId, isDup }: Extract<Outbound, { kind: 'publish' }>, now: number): void {
    const name = nameOf(message)
    const owed = this.#owed.find((it) => it.name === name)
    const isSeen = this.got.includes(name)
    expect(message.qos, `${name} is owed`).toBe(owed?.qos)
    expect(isSeen, 'DUP says that it may have come before').toBe(isDup)
    if (message.qos < 2 || !isDup) expect(now, `${name} is not over`).toBeLessThan(owed?.expiresAt ?? 0)
    if (message.qos === 2 && packetId !== undefined) {
      expect(this.halfway.get(packetId), `${name} has its packet id, and it alone`).toBe(isDup ? name : undefined)
      this.halfway.set(packetId, name)
    }
    if (!isSeen) this.got.push(name)
  }

  /** It has everything that did not have to be in time. */
  expectAll(now: number): void {
    const missing = this.#owed.filter(({ name, expiresAt }) => expiresAt > now && !this.got.includes(name))
    expect(missing).toEqual([])
    this.#expectOrder()
  }

  /** Of each topic and QoS. [MQTT-4.6.0-6] */
  #expectOrder(): void {
    const inOrder = new Map<string, string[]>()
    for (const { name, topic, qos } of this.#owed) {
      if (!this.got.includes(name)) continue
      const key = `${topic} ${qos}`
      inOrder.set(key, [...(inOrder.get(key) ?? []), name])
    }
    for (const names of inOrder.values()) expect(this.got.filter((name) => names.includes(name))).toEqual(names)
  }
}

const nameOf = ({ payload }: Message) => new TextDecoder().decode(payload)

const matching: Readonly<Record<string, readonly string[]>> = {
  x: ['x'],
  '#': ['x', 'x/y', 'z'],
  '+': ['x', 'z'],
  'x/#': ['x', 'x/y'],
  'x/y': ['x/y'],
}

const isMatch = (filter: string, topic: string) => matching[filter]?.includes(topic) ?? false
