import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Message, QoS } from '../../../src/mqtt/space/message.ts'
import { spaceMigrations, TopicSpace } from '../../../src/mqtt/space/space.ts'
import { sqliteStorage } from '../../commands/sqlite-storage.ts'
import { Client } from './client-model.ts'

const clientIds = ['a', 'b', 'c']
const window = 3

const who = fc.nat(clientIds.length - 1)
const qos = fc.constantFrom<QoS>(0, 1, 2)
const filter = fc.constantFrom('x', '#', '+', 'x/#', 'x/y')
const topic = fc.constantFrom('x', 'x/y', 'z')
/** Seconds that a session lives on, that a will waits, that a message may wait. */
const lives = fc.constantFrom(0, 5, 1000)
const delay = fc.constantFrom(0, 0, 3, 20)
const patience = fc.constantFrom(undefined, undefined, 4)

const steps = {
  open: fc.record({ who, isClean: fc.boolean(), lives, delay }),
  close: fc.record({ who, withWill: fc.boolean() }),
  subscribe: fc.record({ who, filter, qos, noLocal: fc.boolean() }),
  unsubscribe: fc.record({ who, filter }),
  publish: fc.record({ who, topic, qos, patience }),
  acknowledge: fc.record({ who, pick: fc.nat(5) }),
  evict: fc.constant({}),
  wait: fc.record({ seconds: fc.constantFrom(1, 2, 6) }),
}
type Steps = { [K in keyof typeof steps]: (typeof steps)[K] extends fc.Arbitrary<infer T> ? T : never }
type Step = { [K in keyof Steps]: { [Name in K]: Steps[K] } }[keyof Steps]

const often: { [K in keyof Steps]: number } = {
  open: 4,
  close: 2,
  subscribe: 3,
  unsubscribe: 1,
  publish: 9,
  acknowledge: 7,
  evict: 2,
  wait: 1,
}
const schedule = fc.array(
  fc.oneof(
    ...Object.entries(steps).map(([name, arbitrary]) => ({
      weight: often[name as keyof Steps],
      arbitrary: (arbitrary as fc.Arbitrary<object>).map((it) => ({ [name]: it }) as Step),
    })),
  ),
  { maxLength: 60, size: 'max' },
)

/** The space, and beside it what each client may expect of it. */
class World {
  readonly #storage = sqliteStorage(spaceMigrations)
  readonly #clients = clientIds.map((id) => new Client(id))
  readonly #wills: string[] = []
  readonly #silentWills: string[] = []
  #space = new TopicSpace(this.#storage)
  #now = Date.UTC(2026, 10, 24)
  #count = 0

  run(step: Step): void {
    if ('open' in step) this.#open(step.open)
    if ('close' in step) this.#close(step.close)
    if ('subscribe' in step) this.#subscribe(step.subscribe)
    if ('unsubscribe' in step) this.#unsubscribe(step.unsubscribe)
    if ('publish' in step) this.#publish(step.publish)
    if ('acknowledge' in step) this.#acknowledge(step.acknowledge)
    if ('evict' in step) this.#evict()
    if ('wait' in step) this.#wait(step.wait.seconds)
    const open = this.#clients.filter(({ connection }) => connection !== undefined)
    const links = new Map(this.#space.connections().map(({ clientId, connection }) => [clientId, connection]))
    expect(links).toEqual(new Map(open.map(({ id, connection }) => [id, connection])))
    expect(this.#space.connections()).toHaveLength(open.length)
  }

  /** Everyone who has a session comes back and takes all; then all time passes. */
  finish(): void {
    for (const [i, one] of this.#clients.entries()) {
      if (one.lives > 0) this.#open({ who: i, isClean: false, lives: 1000, delay: 0 })
      for (let turns = 0; one.unsettled.size > 0 && turns < 500; turns++) this.#acknowledge({ who: i, pick: 0 })
      one.expectAll(this.#now)
      expect(this.#space.sessions().find(({ clientId }) => clientId === one.id)?.queued ?? 0).toBe(0)
      this.#close({ who: i, withWill: true })
    }
    this.#evict()
    this.#wait(10_000)
    expect(this.#space.sessions()).toEqual([])
    expect(new Set(this.#wills).size, 'no will twice').toBe(this.#wills.length)
    expect(this.#wills.filter((will) => this.#silentWills.includes(will))).toEqual([])
    for (const { pendingWill } of this.#clients) if (pendingWill) expect(this.#wills).toContain(pendingWill)
    for (const table of ['mqtt_sessions', 'mqtt_queue']) {
      if (this.#storage.isReady) expect(this.#storage.sql.exec(`SELECT * FROM ${table}`).toArray()).toEqual([])
    }
  }

  #client(i: number): Client {
    return this.#clients[i] as Client
  }

  #open({ who, isClean, lives, delay }: Steps['open']): void {
    const one = this.#client(who)
    const connection = `${one.id}${++this.#count}`
    const message = newMessage({ topic: 'w', name: `will of ${connection}`, qos: 1 })
    const will = { message, delaySeconds: delay }
    const link = { clientId: one.id, connection }
    const opening = { ...link, isClean, expirySeconds: lives, will, receiveMaximum: window, now: this.#now }
    const opened = this.#space.open(opening)
    if ('refused' in opened) throw new Error('refused')
    const isPresent = !isClean && one.lives > 0 && one.endsAt > this.#now
    expect(opened.sessionPresent).toBe(isPresent)
    expect(opened.takenOver).toBe(one.connection)
    const oldWill = one.willOnReopening(isPresent)
    if (opened.will) this.#took(opened.will)
    else if (oldWill && !this.#wills.includes(oldWill.name)) this.#silentWills.push(oldWill.name)
    if (oldWill?.isDue) expect(this.#wills).toContain(oldWill.name)
    if (!isPresent) one.forget()
    const before = one.unsettled.size
    one.opened(connection, lives, delay)
    one.take(opened.resume, this.#now)
    expect(one.unsettled.size).toBeLessThanOrEqual(Math.max(window, before))
  }

  #close({ who, withWill }: Steps['close']): void {
    const one = this.#client(who)
    if (one.connection === undefined) return
    const closing = { clientId: one.id, connection: one.connection, withWill, now: this.#now }
    const name = `will of ${one.connection}`
    const { will, willAt } = this.#space.close(closing)
    if (will) this.#took(will)
    if (!withWill) this.#silentWills.push(name)
    else if (willAt === undefined) expect(this.#wills).toContain(name)
    one.closed(this.#now, willAt === undefined ? undefined : name)
    this.#wait(0)
  }

  #subscribe({ who, filter, qos, noLocal }: Steps['subscribe']): void {
    const one = this.#client(who)
    if (one.connection === undefined) return
    const link = { clientId: one.id, connection: one.connection }
    const granted = this.#space.subscribe(link, [{ filter, qos, noLocal }], this.#now)
    expect(granted).toEqual({ codes: [qos], outbound: [] })
    one.subscriptions.set(filter, { qos, noLocal })
  }

  #unsubscribe({ who, filter }: Steps['unsubscribe']): void {
    const one = this.#client(who)
    if (one.connection === undefined) return
    const codes = this.#space.unsubscribe({ clientId: one.id, connection: one.connection }, [{ filter }])
    expect(codes).toEqual([one.subscriptions.delete(filter) ? 0x00 : 0x11])
  }

  #publish({ who, topic, qos, patience }: Steps['publish']): void {
    const from = this.#client(who).id
    const message = newMessage({ topic, name: `m${++this.#count}`, qos, patience })
    const before = this.#clients.map((one) => one.owe(message, from, this.#now))
    const { deliveries } = this.#space.publish({ ...message, from }, this.#now)
    for (const { clientId, connection, outbound } of deliveries) {
      const one = this.#clients.find(({ id }) => id === clientId)
      expect(connection).toBe(one?.connection)
      one?.take(outbound, this.#now)
      expect(one?.unsettled.size).toBeLessThanOrEqual(window)
    }
    for (const [i, mustHave] of before.entries()) {
      if (mustHave) expect(this.#client(i).got, 'at once').toContain(mustHave)
    }
  }

  /** The client takes one step with one of those that it was sent. */
  #acknowledge({ who, pick }: Steps['acknowledge']): void {
    const one = this.#client(who)
    const all = [...one.unsettled.values()]
    const it = all[pick % Math.max(1, all.length)]
    if (one.connection === undefined || it?.id === undefined || it.packetId === undefined) return
    const link = { clientId: one.id, connection: one.connection }
    if (it.kind === 'publish' && it.message.qos === 2) {
      this.#space.received(link, [it.id])
      one.unsettled.set(it.id, { kind: 'pubrel', id: it.id, packetId: it.packetId })
      return
    }
    one.halfway.delete(it.packetId)
    one.unsettled.delete(it.id)
    one.take(this.#space.settled(link, [it.id], this.#now), this.#now)
  }

  /** It takes a while. */
  #evict(): void {
    this.#now += 1
    this.#space = new TopicSpace(this.#storage)
  }

  #wait(seconds: number): void {
    this.#now += seconds * 1000
    const due = this.#space.nextDeadline() ?? Number.POSITIVE_INFINITY
    const { wills, ended } = this.#space.expire(this.#now)
    if (due > this.#now) expect({ wills, ended }).toEqual({ wills: [], ended: [] })
    this.#took(...wills)
    for (const one of this.#clients) {
      expect(ended.includes(one.id)).toBe(one.lives > 0 && one.endsAt <= this.#now)
      if (one.endsAt <= this.#now) one.forget()
    }
  }

  #took(...wills: readonly Message[]): void {
    this.#wills.push(...wills.map(({ payload }) => new TextDecoder().decode(payload)))
  }
}

function newMessage(it: { topic: string; name: string; qos: QoS; patience?: number | undefined }): Message {
  const { topic, name, qos, patience } = it
  const properties = patience === undefined ? {} : { properties: { messageExpiryInterval: patience } }
  return { topic, payload: new TextEncoder().encode(name), qos, retain: false, ...properties }
}

it('keeps what it owes each session, whatever the clients and evictions do', () => {
  fc.assert(
    fc.property(schedule, (schedule) => {
      const world = new World()
      for (const step of schedule) world.run(step)
      world.finish()
    }),
    { numRuns: 1_000 },
  )
}, 120_000)
