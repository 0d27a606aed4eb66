import { describe, expect, it } from 'vitest'
import { limits } from '../../../src/domain/limits.ts'
import type { Opened, Opening } from '../../../src/mqtt/space/calls.ts'
import type { Message, Outbound, QoS } from '../../../src/mqtt/space/message.ts'
import { spaceMigrations, TopicSpace } from '../../../src/mqtt/space/space.ts'
import { sqliteStorage } from '../../commands/sqlite-storage.ts'

const start = Date.UTC(2026, 10, 24)
const encode = (text: string) => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const message = (payload: string, rest: Partial<Message> = {}): Message => ({
  topic: 't',
  payload: encode(payload),
  qos: 1,
  retain: false,
  ...rest,
})
const link = (clientId: string, connection = `${clientId}1`) => ({ clientId, connection })
const texts = (outbound: readonly Outbound[]) =>
  outbound.map((it) => (it.kind === 'publish' ? decode(it.message.payload) : 'pubrel'))
const ids = (outbound: readonly Outbound[]) => outbound.flatMap(({ id }) => id ?? [])

/** A space that forgets everything but its storage whenever `evict` is called. */
function newSpace() {
  const storage = sqliteStorage(spaceMigrations)
  const rows = () =>
    ['mqtt_sessions', 'mqtt_queue', 'mqtt_retained'].map((table) =>
      storage.isReady ? storage.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n : 0,
    )
  const world = {
    now: start,
    space: new TopicSpace(storage),
    rows,
    evict() {
      world.now += 1
      world.space = new TopicSpace(storage)
    },
    open(clientId: string, rest: Partial<Opening> = {}): Opened {
      const opened = world.space.open({ ...link(clientId), isClean: false, expirySeconds: 60, now: world.now, ...rest })
      if ('refused' in opened) throw new Error('refused')
      return opened
    },
    close(clientId: string, rest: { withWill?: boolean; expirySeconds?: number; connection?: string } = {}) {
      return world.space.close({ ...link(clientId), withWill: false, now: world.now, ...rest })
    },
    subscribe(clientId: string, filter = 't', qos: QoS = 2, options = {}) {
      return world.space.subscribe(link(clientId), [{ filter, qos, ...options }], world.now)
    },
    publish(payload: string, rest: Partial<Message> & { from?: string } = {}) {
      return world.space.publish({ ...message(payload), ...rest }, world.now)
    },
    /** What one client is handed of it. */
    send(clientId: string, payload: string, rest: Partial<Message> & { from?: string } = {}): Outbound[] {
      const { deliveries } = world.publish(payload, rest)
      return deliveries.filter((it) => it.clientId === clientId).flatMap(({ outbound }) => outbound)
    },
  }
  return world
}

describe('a session', () => {
  it('is new, then present, and new again after a clean start', () => {
    const world = newSpace()
    expect(world.open('a')).toMatchObject({ sessionPresent: false, expirySeconds: 60, resume: [] })
    world.subscribe('a')
    world.close('a')
    world.evict()
    expect(world.open('a', { connection: 'a2' }).sessionPresent).toBe(true)
    world.space.close({ ...link('a', 'a2'), withWill: false, now: world.now })
    expect(world.open('a', { isClean: true }).sessionPresent).toBe(false)
    expect(world.send('a', 'x')).toEqual([])
  })

  it('ends with its connection when it is to outlive it by nothing, and leaves no row', () => {
    const world = newSpace()
    world.open('a', { isClean: true, expirySeconds: 0 })
    world.subscribe('a')
    expect(world.rows()).toEqual([1, 0, 0])
    expect(world.send('a', 'x', { qos: 2 })).toMatchObject([{ kind: 'publish', isDup: false, message: { qos: 2 } }])
    expect(ids(world.send('a', 'x'))).toEqual([])
    world.close('a', { expirySeconds: 100 })
    expect(world.rows()).toEqual([0, 0, 0])
    expect(world.open('a').sessionPresent).toBe(false)
  })

  it('ends when its time is over, at the deadline or when the client comes later', () => {
    const world = newSpace()
    world.open('a')
    world.open('b')
    world.subscribe('b')
    world.close('a')
    world.close('b', { expirySeconds: 10 })
    world.publish('x')
    expect(world.space.nextDeadline()).toBe(start + 10_000)
    world.now += 10_000
    world.evict()
    expect(world.open('b').sessionPresent).toBe(false)
    expect(world.space.nextDeadline()).toBe(start + 60_000)
    expect(world.space.expire(start + 60_000)).toEqual({ wills: [], ended: ['a'] })
    expect(world.space.nextDeadline()).toBeUndefined()
    expect(world.rows()).toEqual([1, 0, 0])
  })

  it('does not outlive its connection longer than the limit', () => {
    const world = newSpace()
    expect(world.open('a', { expirySeconds: 0xffffffff }).expirySeconds).toBe(limits.mqttSessionExpirySeconds)
    world.close('a', { expirySeconds: 0xffffffff })
    expect(world.space.nextDeadline()).toBe(start + limits.mqttSessionExpirySeconds * 1000)
  })

  it('is taken over: the old connection is named and says nothing any more', () => {
    const world = newSpace()
    world.open('a')
    world.subscribe('a')
    world.evict()
    expect(world.open('a', { connection: 'a2' })).toMatchObject({ sessionPresent: true, takenOver: 'a1' })
    expect(world.close('a', { withWill: true })).toEqual({})
    expect(world.subscribe('a', 'other')).toBeUndefined()
    expect(world.space.unsubscribe(link('a'), [{ filter: 't' }])).toBeUndefined()
    expect(world.space.connections()).toEqual([link('a', 'a2')])
    expect(world.publish('x').deliveries).toMatchObject([link('a', 'a2')])
  })

  it('of a clean connection is not there for the one that takes it over', () => {
    const world = newSpace()
    world.open('a', { isClean: true, expirySeconds: 0 })
    world.subscribe('a')
    expect(world.open('a', { connection: 'a2' })).toMatchObject({ sessionPresent: false, takenOver: 'a1' })
    expect(world.send('a', 'x')).toEqual([])
  })

  it('is refused beyond the limit, but for those who have one', () => {
    const world = newSpace()
    for (let i = 0; i < limits.mqttSessions; i++) world.open(`c${i}`)
    const opening = { isClean: true, expirySeconds: 0, now: start }
    expect(world.space.open({ ...link('more'), ...opening })).toEqual({ refused: 'quota_exceeded' })
    expect(world.open('c7', { connection: 'again' }).takenOver).toBe('c71')
  })

  it('hands back the packet ids that await their release', () => {
    const world = newSpace()
    world.open('a')
    world.space.awaitRelease(link('a'), [4, 7])
    world.evict()
    expect(world.open('a', { connection: 'a2' }).inbound).toEqual([4, 7])
    expect(world.open('a', { connection: 'a3', isClean: true }).inbound).toEqual([])
  })
})

describe('a will', () => {
  const will = {
    message: message('gone', { qos: 1, retain: true, properties: { correlationData: encode('\u0000ÿ') } }),
  }
  const delayed = { ...will, delaySeconds: 30 }

  it('is published when the connection is lost, and not after a DISCONNECT', () => {
    const world = newSpace()
    world.open('a', { will })
    world.evict()
    expect(world.close('a', { withWill: true })).toEqual({ will: will.message })
    world.open('a', { will })
    expect(world.close('a')).toEqual({})
    expect(world.space.expire(start + 1e9).wills).toEqual([])
  })

  it('waits for its delay, and goes when the client is back in time', () => {
    const world = newSpace()
    world.open('a', { will: delayed })
    expect(world.close('a', { withWill: true })).toEqual({ willAt: start + 30_000 })
    world.evict()
    expect(world.space.nextDeadline()).toBe(start + 30_000)
    expect(world.open('a', { will: delayed }).will).toBeUndefined()
    world.close('a', { withWill: true })
    world.now += 30_000
    expect(world.space.expire(world.now)).toEqual({ wills: [will.message], ended: [] })
    expect(world.space.expire(world.now).wills).toEqual([])
  })

  it('is delayed no longer than its session lives', () => {
    const world = newSpace()
    world.open('a', { will: delayed, expirySeconds: 10 })
    expect(world.close('a', { withWill: true })).toEqual({ willAt: start + 10_000 })
    expect(world.space.expire(start + 10_000)).toEqual({ wills: [will.message], ended: ['a'] })
    world.open('b', { will: delayed, expirySeconds: 0 })
    expect(world.close('b', { withWill: true })).toEqual({ will: will.message })
  })

  it('is published with the end of its session by a clean start', () => {
    const world = newSpace()
    world.open('a', { will: delayed })
    world.close('a', { withWill: true })
    expect(world.open('a', { isClean: true }).will).toEqual(will.message)
  })

  it('is published when its connection is taken over, unless it is delayed and the session goes on', () => {
    const world = newSpace()
    world.open('a', { will })
    expect(world.open('a', { connection: 'a2', will: delayed }).will).toEqual(will.message)
    expect(world.open('a', { connection: 'a3', will: delayed }).will).toBeUndefined()
    expect(world.open('a', { connection: 'a4', isClean: true }).will).toEqual(will.message)
  })

  it('is found for connections whose broker was aborted', () => {
    const world = newSpace()
    world.open('a', { will })
    world.open('b', { will: delayed })
    world.open('c', { will })
    world.evict()
    expect(world.space.lost(['a1', 'b1', 'elsewhere'], world.now)).toEqual([will.message])
    expect(world.space.connections()).toEqual([link('c')])
    expect(world.space.expire(start + 40_000).wills).toEqual([will.message])
  })
})

describe('subscriptions', () => {
  it('match topics by level and wildcard', () => {
    const world = newSpace()
    world.open('a')
    for (const filter of ['x/+/z', 'y/#', '+/b']) world.subscribe('a', filter)
    for (const topic of ['x/y/z', 'y', 'y/1/2', 'a/b']) expect(world.send('a', '', { topic })).toHaveLength(1)
    for (const topic of ['x/y', 'x/y/z/w', 'z', '$b/b', 'a/b/c']) expect(world.send('a', '', { topic })).toEqual([])
  })

  it('that overlap give one copy with the highest QoS and all identifiers', () => {
    const world = newSpace()
    world.open('a')
    world.subscribe('a', 't', 0, { identifier: 3 })
    world.subscribe('a', '#', 1, { identifier: 5, retainAsPublished: true })
    world.evict()
    const sent = world.send('a', 'x', { qos: 2, retain: true })
    expect(sent).toMatchObject([{ message: { qos: 1, retain: true, identifiers: [3, 5] } }])
  })

  it('honour no local', () => {
    const world = newSpace()
    world.open('a')
    world.open('b')
    world.subscribe('a', 't', 1, { noLocal: true })
    world.subscribe('b', 't', 1, { noLocal: true })
    expect(world.publish('x', { from: 'a', retain: true }).deliveries.map(({ clientId }) => clientId)).toEqual(['b'])
    expect(world.subscribe('a', 't', 1, { noLocal: true })?.outbound).toEqual([])
  })

  it('are replaced by the same filter, and end', () => {
    const world = newSpace()
    world.open('a')
    world.subscribe('a', 't', 2)
    world.subscribe('a', 't', 0)
    expect(world.send('a', 'x')).toMatchObject([{ message: { qos: 0 } }])
    const filters = ['t', 'never', 't'].map((filter) => ({ filter }))
    expect(world.space.unsubscribe(link('a'), filters)).toEqual([0x00, 0x11, 0x11])
    world.evict()
    expect(world.send('a', 'x')).toEqual([])
  })

  it('of two spellings are two: a copy for each, named so, and each ends by itself', () => {
    const world = newSpace()
    world.publish('kept', { retain: true })
    world.open('a')
    expect(world.subscribe('a', 't', 1, { spelling: 'me' })?.outbound).toMatchObject([{ message: { spelling: 'me' } }])
    world.subscribe('a', 't', 2, { spelling: 'devices' })
    world.evict()
    const copies = world.send('a', 'x', { qos: 2 })
    expect(copies).toMatchObject([
      { message: { spelling: 'me', qos: 1 } },
      { message: { spelling: 'devices', qos: 2 } },
    ])
    expect(world.space.unsubscribe(link('a'), [{ filter: 't', spelling: 'me' }])).toEqual([0])
    expect(world.send('a', 'x')).toMatchObject([{ message: { spelling: 'devices' } }])
    expect(world.open('a', { connection: 'a2' }).resume[2]).toMatchObject({ message: { spelling: 'me' } })
  })

  it('are refused beyond the limits, one by one', () => {
    const world = newSpace()
    world.open('a')
    const many = Array.from({ length: limits.mqttSubscriptions + 1 }, (_, i) => ({ filter: `f${i}`, qos: 1 as const }))
    const codes = world.space.subscribe(link('a'), many, start)?.codes
    expect(codes?.slice(-2)).toEqual([1, 0x97])
    expect(world.subscribe('a', 'f0', 0)?.codes).toEqual([0])
    world.open('b')
    expect(world.subscribe('b', 'x'.repeat(limits.mqttSubscriptionBytes + 1))?.codes).toEqual([0x97])
  })
})

describe('retained messages', () => {
  it('are given to who subscribes, with what is left of their time, and are cleared by an empty payload', () => {
    const world = newSpace()
    world.publish('1', { topic: 't/1', retain: true, qos: 2, properties: { messageExpiryInterval: 10 } })
    world.publish('2', { topic: 't/2', retain: true, properties: { userProperties: [['k', 'v']] } })
    world.publish('3', { topic: 't/3', retain: true })
    world.publish('', { topic: 't/3', retain: true })
    world.evict()
    world.now = start + 4_000
    world.open('a')
    expect(world.subscribe('a', 't/#', 1, { identifier: 9 })?.outbound).toMatchObject([
      { message: { qos: 1, retain: true, properties: { messageExpiryInterval: 6 }, identifiers: [9] } },
      { message: { topic: 't/2', properties: { userProperties: [['k', 'v']] } } },
    ])
    world.now = start + 10_000
    world.open('b')
    expect(texts(world.subscribe('b', '#', 0)?.outbound ?? [])).toEqual(['2'])
  })

  it('follow retain handling, and are told as live ones to subscriptions that stand', () => {
    const world = newSpace()
    world.open('a')
    world.subscribe('a', 't', 0)
    expect(world.send('a', 'x', { retain: true })).toMatchObject([{ message: { retain: false } }])
    const count = (filter: string, retainHandling: number) =>
      world.subscribe('a', filter, 0, { retainHandling })?.outbound.length
    expect([count('t', 0), count('t', 1), count('t', 2), count('#', 1), count('+', 2)]).toEqual([1, 0, 0, 1, 0])
  })

  it('are refused beyond the limits, and the topic keeps what it had', () => {
    const world = newSpace()
    const keep = (topic: string, payload: string) => world.publish(payload, { topic, retain: true }).isRetained
    for (let i = 0; i < limits.mqttRetainedTopics; i++) expect(keep(`r${i}`, 'x')).toBe(true)
    expect(keep('more', 'x')).toBe(false)
    expect(keep('r0', 'x'.repeat(limits.mqttRetainedBytes))).toBe(false)
    expect(keep('r0', 'y')).toBe(true)
    keep('r1', '')
    expect(keep('more', 'x')).toBe(true)
  })
})

describe('messages owed', () => {
  it('wait for a session that is away, in order, and go without DUP', () => {
    const world = newSpace()
    world.open('a')
    world.subscribe('a')
    world.close('a')
    for (const payload of ['1', '2', '3']) expect(world.publish(payload).deliveries).toEqual([])
    world.publish('0', { qos: 0 })
    world.evict()
    expect(world.space.sessions()).toMatchObject([{ clientId: 'a', isOnline: false, queued: 3 }])
    const { resume } = world.open('a')
    expect(texts(resume)).toEqual(['1', '2', '3'])
    expect(resume.every((it) => it.kind === 'publish' && !it.isDup)).toBe(true)
    world.space.settled(link('a'), ids(resume), world.now)
    expect(world.rows()).toEqual([1, 0, 0])
  })

  it('that were on their way go again, under their packet ids and as DUP, before the others', () => {
    const world = newSpace()
    world.open('a')
    world.subscribe('a')
    const [first] = world.send('a', '1')
    const [second] = world.send('a', '2', { properties: { correlationData: encode('c') } })
    world.space.settled(link('a'), ids(first ? [first] : []), world.now)
    world.close('a')
    world.publish('3')
    world.evict()
    const { resume } = world.open('a')
    expect(texts(resume)).toEqual(['2', '3'])
    expect(resume[0]).toEqual({ ...second, isDup: true })
    expect(resume[1]).toMatchObject({ isDup: false })
    world.evict()
    expect(world.open('a', { connection: 'a2' }).resume).toMatchObject([{ isDup: true }, { isDup: true }])
  })

  it('of QoS 2 that the client has go on with PUBREL', () => {
    const world = newSpace()
    world.open('a')
    world.subscribe('a')
    const [sent] = world.send('a', '1', { qos: 2 })
    const id = sent?.id ?? 0
    world.space.received(link('a'), [id])
    world.evict()
    const { resume } = world.open('a', { connection: 'a2' })
    expect(resume).toEqual([{ kind: 'pubrel', id, packetId: sent?.kind === 'publish' ? sent.packetId : 0 }])
    world.space.settled(link('a', 'a2'), [id], world.now)
    expect(world.rows()).toEqual([1, 0, 0])
  })

  it('go out as far as the client takes them, the next when it is done with one', () => {
    const world = newSpace()
    world.open('a', { receiveMaximum: 2 })
    world.subscribe('a')
    const sent = ['1', '2', '3', '4'].flatMap((payload) => world.send('a', payload))
    expect(texts(sent)).toEqual(['1', '2'])
    world.evict()
    const next = world.space.settled(link('a'), ids(sent).slice(0, 1), world.now)
    expect(texts(next)).toEqual(['3'])
    world.evict()
    const resumed = world.open('a', { connection: 'a2', receiveMaximum: 2 }).resume
    expect(resumed).toMatchObject([{ isDup: true }, { isDup: true }])
    expect(texts(resumed)).toEqual(['2', '3'])
    expect(world.space.settled(link('a'), ids(resumed), world.now)).toEqual([])
  })

  it('are on their way up to a number of bytes, one at least', () => {
    const world = newSpace()
    world.open('a')
    world.subscribe('a')
    const big = 'x'.repeat(limits.mqttWindowBytes)
    expect(world.send('a', big)).toHaveLength(1)
    expect(world.send('a', 'small')).toEqual([])
  })

  it('do not overtake a larger one that waits for room', () => {
    const world = newSpace()
    world.open('a')
    world.subscribe('a')
    const half = 'x'.repeat(limits.mqttWindowBytes / 2)
    const sent = world.send('a', half)
    expect(world.send('a', half)).toEqual([])
    expect(world.send('a', 'small')).toEqual([])
    expect(texts(world.space.settled(link('a'), ids(sent), world.now))).toEqual([half, 'small'])
  })

  it('have ids that never come again: a late word about an old one settles no other', () => {
    const world = newSpace()
    world.open('a')
    world.subscribe('a')
    const old = world.send('a', 'old')
    world.open('a', { connection: 'a2', isClean: true })
    world.evict()
    world.space.subscribe(link('a', 'a2'), [{ filter: 't', qos: 1 }], world.now)
    expect(world.send('a', 'new')).toHaveLength(1)
    world.space.settled(link('a'), ids(old), world.now)
    expect(world.space.sessions()).toMatchObject([{ queued: 1 }])
  })

  it('drop the oldest that waits beyond a count or bytes, and count it', () => {
    const world = newSpace()
    world.open('a', { maximumQueued: 3 })
    world.subscribe('a')
    const onWay = world.send('a', 'way')
    world.close('a')
    for (const payload of ['1', '2', '3', '4']) world.publish(payload)
    world.publish('0', { qos: 0 })
    expect(world.space.sessions()).toMatchObject([{ queued: 3, dropped: 3 }])
    expect(texts(world.open('a').resume)).toEqual(['way', '3', '4'])
    expect(world.space.sessions()).toMatchObject([{ dropped: 3 }])

    world.open('b')
    world.subscribe('b')
    world.close('b')
    world.space.settled(link('a'), ids(onWay), world.now)
    for (let i = 0; i < 5; i++) world.publish(`${i}${'x'.repeat(limits.mqttQueuedBytes / 4)}`)
    expect(texts(world.open('b').resume).map(([first]) => first)).toEqual(['2'])
    expect(world.space.sessions()[1]).toMatchObject({ queued: 3, dropped: 2 })
  })

  it('are not sent when they are over, and tell what is left of their time', () => {
    const world = newSpace()
    world.open('a')
    world.subscribe('a')
    const [sent] = world.send('a', 'QoS 2', { qos: 2, properties: { messageExpiryInterval: 1 } })
    world.send('a', 'QoS 1', { properties: { messageExpiryInterval: 1 } })
    world.close('a')
    world.publish('1', { properties: { messageExpiryInterval: 1, contentType: 'x' } })
    world.publish('9', { properties: { messageExpiryInterval: 9, contentType: 'x' } })
    world.now += 1_000
    const { resume } = world.open('a')
    expect(texts(resume)).toEqual(['QoS 2', '9'])
    expect(resume[0]?.id).toBe(sent?.id)
    expect(resume[1]).toMatchObject({ message: { properties: { messageExpiryInterval: 8, contentType: 'x' } } })
    expect(world.rows()[1]).toBe(2)
  })

  it('have packet ids from 1 to 65,535 that no other one of the session has', () => {
    const world = newSpace()
    world.open('a', { expirySeconds: limits.mqttSessionExpirySeconds })
    world.subscribe('a')
    world.close('a')
    for (let i = 0; i < 300; i++) {
      world.publish('x')
      // After which the clock gives the same packet id.
      world.now += 65_535
      if (i % 7 === 0) world.evict()
    }
    const all: Outbound[] = []
    for (let next = world.open('a').resume; next.length > 0; ) {
      all.push(...next)
      next = world.space.settled(link('a'), ids(next), world.now)
    }
    const packetIds = all.map(({ packetId = 0 }) => packetId)
    expect(new Set(packetIds).size).toBe(300)
    expect(Math.min(...packetIds)).toBeGreaterThan(0)
    expect(Math.max(...packetIds)).toBeLessThanOrEqual(0xffff)
  })

  it('are kept on for a session that now ends with its connection, until it has them', () => {
    const world = newSpace()
    world.open('a')
    world.subscribe('a')
    world.close('a')
    world.publish('1')
    const { resume } = world.open('a', { expirySeconds: 0 })
    expect(ids(world.send('a', '2'))).toHaveLength(1)
    world.space.settled(link('a'), ids(resume), world.now)
    expect(ids(world.send('a', '3'))).toHaveLength(1)
    world.close('a')
    expect(world.rows()).toEqual([0, 0, 0])
  })
})

it('reads nothing and writes nothing for a device that never spoke MQTT', () => {
  const world = newSpace()
  expect(world.publish('x').deliveries).toEqual([])
  expect(world.space.nextDeadline()).toBeUndefined()
  expect(world.space.expire(start)).toEqual({ wills: [], ended: [] })
  expect(world.space.lost(['a1'], start)).toEqual([])
  expect(world.publish('', { retain: true }).isRetained).toBe(true)
})

describe('room for sessions', () => {
  const crowd = (world: ReturnType<typeof newSpace>) => {
    for (let i = 0; i < limits.mqttSessions; i++) world.open(`c${i}`, { expirySeconds: 600 - i })
  }

  it('is made by the one that ends first of those that nobody would miss', () => {
    const world = newSpace()
    crowd(world)
    world.subscribe('c9', 't', 1)
    world.subscribe('c8', 't', 0)
    for (const clientId of ['c7', 'c8', 'c9']) world.close(clientId)
    world.evict()
    world.open('more')
    expect(world.space.sessions().some(({ clientId }) => clientId === 'c8')).toBe(false)
    world.open('another')
    expect(world.space.sessions().some(({ clientId }) => clientId === 'c7')).toBe(false)
    const opening = { isClean: true, expirySeconds: 0, now: world.now }
    expect(world.space.open({ ...link('last'), ...opening })).toEqual({ refused: 'quota_exceeded' })
    expect(world.space.sessions().some(({ clientId }) => clientId === 'c9')).toBe(true)
  })

  it('is not made by one that has a will to come, or is owed something', () => {
    const world = newSpace()
    crowd(world)
    world.subscribe('c9', 't', 1)
    world.close('c9')
    world.publish('owed')
    world.open('c8', { expirySeconds: 600, will: { message: message('will'), delaySeconds: 60 } })
    world.close('c8', { withWill: true })
    const opening = { isClean: true, expirySeconds: 0, now: world.now }
    expect(world.space.open({ ...link('more'), ...opening })).toEqual({ refused: 'quota_exceeded' })
  })
})

describe('the platform', () => {
  it('tells those who are there, and leaves nothing for the others', () => {
    const world = newSpace()
    for (const clientId of ['here', 'away']) {
      world.open(clientId)
      world.subscribe(clientId, 't', 1)
    }
    world.close('away')
    const deliveries = world.space.spread(message('now'), world.now, 'open')
    expect(deliveries.map(({ clientId }) => clientId)).toEqual(['here'])
    expect(texts(world.open('away').resume)).toEqual([])
  })

  it('tells of what is retained elsewhere as it was published, and keeps none of it', () => {
    const world = newSpace()
    world.open('a')
    world.subscribe('a', 't', 1, { retainAsPublished: true })
    const [delivery] = world.space.spread({ ...message('now'), retain: true }, world.now)
    expect(delivery?.outbound).toMatchObject([{ message: { retain: true } }])
    expect(world.subscribe('a', 't')?.outbound).toEqual([])
  })

  it('gives subscribers retained messages that it does not keep here', () => {
    const world = newSpace()
    world.open('a')
    const standing = [message('all', { topic: 'shared', retain: true }), message('other', { topic: 'x', retain: true })]
    const wanted = [{ filter: 'shared', qos: 0 as const }]
    const granted = world.space.subscribe(link('a'), wanted, world.now, standing)
    expect(granted?.outbound).toMatchObject([{ message: { topic: 'shared', qos: 0, retain: true } }])
    const later = [{ filter: 'shared', qos: 0 as const, retainHandling: 1 as const }]
    expect(world.space.subscribe(link('a'), later, world.now, standing)?.outbound).toEqual([])
    expect(world.rows()[2]).toBe(0)
  })
})
