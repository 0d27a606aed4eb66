import { beforeEach, expect, it } from 'vitest'
import type { Command } from '../../src/domain/command.ts'
import { limits } from '../../src/domain/limits.ts'
import type { DownlinkNews } from '../../src/domain/network-route.ts'
import type { DeviceIdentity } from '../../src/domain/principal.ts'
import { CommandDesk } from '../../src/objects/device/command-desk.ts'
import { CommandQueue, commandMarkMigration, commandMigrations } from '../../src/objects/device/command-queue.ts'
import type { CommandRow } from '../../src/objects/device/command-row.ts'
import type { Handed } from '../../src/services/downlinks/hand-to-network.ts'
import { sqliteStorage } from './sqlite-storage.ts'

const device = { tenantId: 't', deviceId: 'd' } as unknown as DeviceIdentity
const busy: Handed = { kind: 'later', detail: 'busy', retryMs: limits.networkRetryMs, isDoubtful: false }
const silent: Handed = { ...busy, isDoubtful: true }
let now: number
let open: string | undefined
let handed: Command[]
let hand: (command: Command) => Promise<Handed>
let storage: ReturnType<typeof sqliteStorage>
let queue: CommandQueue
let desk: CommandDesk

beforeEach(() => {
  now = 1_795_000_000_000
  open = undefined
  handed = []
  hand = async ({ id }) => ({ kind: 'taken', mark: `q-${id}`, isConfirmed: true, replaces: false })
  storage = sqliteStorage([...commandMigrations, commandMarkMigration])
  wake()
})

/** What an eviction leaves. */
function wake(): void {
  queue = new CommandQueue(storage)
  desk = new CommandDesk(queue, {
    tell: async () => open,
    network: {
      way: () => 'chirpstack',
      hand(_, command) {
        handed.push(command)
        return hand(command)
      },
    },
    current: async (kept) => kept,
    saveHistory: async () => undefined,
    changed: () => undefined,
    arm: () => undefined,
    now: () => now,
  })
  desk.woke()
}

function make(id: string, fields: Partial<Command> = {}): Command {
  const base = { id, requestId: id, method: 'm', params: {}, twoWay: true, persistent: true, timeoutMs: 1_000 }
  return { ...base, createdAt: now, expiresAt: now + 3_600_000, ...fields }
}

const say = (id: string, became: DownlinkNews['became'], more: Partial<DownlinkNews> = {}) =>
  desk.heard([{ marks: [`q-${id}`], became, at: now, detail: 'It says so.', ...more }])
const row = (id: string) => queue.get(id) as CommandRow

it('prefers a way that is open', async () => {
  open = 'websocket:1'
  expect(await desk.send(device, make('a'), 0)).toMatchObject({ state: 'sent', transport: 'websocket' })
  expect(handed).toEqual([])
})

it('is not sent again while it waits there, whatever opens or rings', async () => {
  await desk.send(device, make('a'), 0)
  open = 'websocket:1'
  await desk.wayOpened(device)
  now += 60_000
  await desk.expire()
  expect(await desk.take(0, 10)).toEqual([])
  expect(handed).toHaveLength(1)
  expect(row('a')).toMatchObject({ state: 'queued', way: 'chirpstack' })
})

it('waits there a day, where it does not wait for its device otherwise', async () => {
  await desk.send(device, make('a', { persistent: false, expiresAt: now + 1_000 }), 0)
  expect(handed[0]?.expiresAt).toBe(now + limits.commandExpiryMs)
  now += limits.commandExpiryMs - 1
  await desk.expire()
  expect(row('a').state).toBe('queued')
  now += 1
  await desk.expire()
  expect(row('a').state).toBe('expired')
  await say('a', 'delivered')
  expect(row('a'), 'the device’s own word counts').toMatchObject({ state: 'delivered', finishedAt: now })
})

it.each([
  ['queued', 'sent', 'delivered'],
  ['delivered', 'sent', 'queued'],
  ['sent', 'delivered', 'sent'],
  ['failed', 'delivered', 'failed'],
  ['delivered', 'expired', 'failed'],
] as const)('ends delivered by %s, %s, %s in this order', async (...news) => {
  await desk.send(device, make('a'), 0)
  for (const became of news) await say('a', became)
  expect(row('a')).toMatchObject({ state: 'delivered', deliveredAt: now, finishedAt: now })
})

it('stays cancelled, whatever is said', async () => {
  await desk.send(device, make('a'), 0)
  desk.cancel('a')
  for (const became of ['sent', 'delivered', 'failed'] as const) await say('a', became)
  expect(row('a').state).toBe('cancelled')
})

it('passes over what is said of downlinks of others', async () => {
  await desk.send(device, make('a'), 0)
  await say('stranger', 'delivered')
  expect(row('a').state).toBe('queued')
})

it('keeps the order while the server is busy, and asks less often the longer it is', async () => {
  hand = async () => busy
  await desk.send(device, make('a'), 0)
  await desk.send(device, make('b'), 0)
  expect(handed.map(({ id }) => id)).toEqual(['a'])
  now += limits.networkRetryMs
  await desk.expire()
  now += 300_000
  await desk.expire()
  expect(handed).toHaveLength(3)
  for (let second = 0; second < 300; second++, now += 1_000) await desk.expire()
  expect(handed, 'not while it rests').toHaveLength(3)
  expect(await desk.send(device, make('c', { persistent: false }), 0)).toMatchObject({
    state: 'failed',
    result: { code: 'network_unreachable' },
  })
  hand = async ({ id }) => ({ kind: 'taken', mark: `q-${id}`, isConfirmed: true, replaces: false })
  handed = []
  now += 60_000
  await desk.expire()
  expect(handed.map(({ id }) => id)).toEqual(['a', 'b'])
  expect(row('a').attempt).toBe(0)
})

it('believes the server that it has what nobody was sure of', async () => {
  hand = async () => silent
  await desk.send(device, make('a'), 0)
  expect(row('a')).toMatchObject({ state: 'queued', way: null, attempt: 1 })
  await desk.heard([{ marks: ['a'], became: 'queued', at: now, detail: '' }])
  handed = []
  now += limits.networkRetryMaxMs
  await desk.expire()
  expect(handed).toEqual([])
  await desk.heard([{ marks: ['a'], became: 'sent', at: now, detail: '' }])
  expect(row('a').state).toBe('sent')
})

it('asks again after an eviction in the middle, where it may', async () => {
  hand = () => new Promise(() => undefined)
  void desk.send(device, make('a'), 0)
  await new Promise((resolve) => setImmediate(resolve))
  wake()
  expect(row('a')).toMatchObject({ way: null, attempt: 1 })
  hand = async ({ id }) => ({ kind: 'taken', mark: `q-${id}`, isConfirmed: false, replaces: false })
  await desk.expire()
  expect(handed.map(({ id }) => id)).toEqual(['a', 'a'])
  await say('a', 'sent')
  expect(row('a'), 'nobody confirms it').toMatchObject({ state: 'sent', finishedAt: now })

  hand = () => new Promise(() => undefined)
  void desk.send(device, make('b', { persistent: false }), 0)
  await new Promise((resolve) => setImmediate(resolve))
  wake()
  expect(row('b')).toMatchObject({ state: 'failed', result: { code: 'network_unreachable' } })
})

it('does not come back when it was cancelled while the server was asked', async () => {
  let answer: (handed: Handed) => void = () => undefined
  hand = () => new Promise((resolve) => (answer = resolve))
  const sending = desk.send(device, make('a'), 0)
  await new Promise((resolve) => setImmediate(resolve))
  desk.cancel('a')
  answer(busy)
  await sending
  expect(row('a').state).toBe('cancelled')
})
