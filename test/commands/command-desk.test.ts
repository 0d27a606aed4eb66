import { beforeEach, expect, it, vi } from 'vitest'
import type { Command, CommandRequest } from '../../src/domain/command.ts'
import { limits } from '../../src/domain/limits.ts'
import type { DeviceIdentity } from '../../src/domain/principal.ts'
import { CommandDesk } from '../../src/objects/device/command-desk.ts'
import { CommandQueue, commandMigrations } from '../../src/objects/device/command-queue.ts'
import type { CommandRow } from '../../src/objects/device/command-row.ts'
import { sqliteStorage } from './sqlite-storage.ts'

const device = { tenantId: 't', deviceId: 'd' } as unknown as DeviceIdentity
let now: number
let way: string | undefined
let tell: () => Promise<string | undefined>
let told: CommandRequest[]
let saves: (readonly CommandRow[])[]
let desk: CommandDesk
let storage: ReturnType<typeof sqliteStorage>

beforeEach(() => {
  now = 1_795_000_000_000
  way = 'websocket:1'
  told = []
  saves = []
  tell = async () => way
  storage = sqliteStorage(commandMigrations)
  desk = new CommandDesk(new CommandQueue(storage), {
    async tell(_, messages) {
      const taken = await tell()
      if (taken !== undefined)
        for (const message of messages) if (message.kind === 'command') told.push(message.request)
      return taken
    },
    current: async (kept) => kept,
    saveHistory: async (_, rows) => void saves.push(rows),
    changed: () => undefined,
    arm: () => undefined,
    now: () => now,
  })
})

function make(requestId: string, fields: Partial<Command> = {}): Command {
  const base = { id: requestId, requestId, method: 'm', params: {}, twoWay: true, persistent: true, timeoutMs: 1_000 }
  return { ...base, createdAt: now, expiresAt: now + 3_600_000, ...fields }
}

it('takes the same requestId for another command as a conflict, for the same one as a repeat', async () => {
  const first = await desk.send(device, make('a'), 0)
  expect(await desk.send(device, make('a', { id: 'other' }), 0)).toEqual(first)
  await expect(desk.send(device, make('a', { method: 'n' }), 0)).rejects.toMatchObject({ code: 'conflict' })
  expect(told).toHaveLength(1)
})

it('ends a one-way command when it is handed over, and still takes the device’s word on it', async () => {
  for (let n = 0; n <= limits.commandsUnderWay; n++) {
    expect(await desk.send(device, make(`c${n}`, { twoWay: false }), 0)).toMatchObject({
      state: 'sent',
      finishedAt: now,
    })
  }
  expect(told).toHaveLength(limits.commandsUnderWay + 1)
  expect(saves.at(-1)?.[0]).toMatchObject({ state: 'sent', finishedAt: now, deliveredAt: null })
  now += 10 * limits.commandRetryMaxMs
  await desk.wayClosed('websocket:1')
  await desk.expire()
  expect(told).toHaveLength(limits.commandsUnderWay + 1)
  expect(desk.answer({ requestId: `c${limits.commandsUnderWay}`, body: {}, at: now })).toBe(true)
  await desk.flush()
  expect(saves.at(-1)?.[0]).toMatchObject({ state: 'succeeded', deliveredAt: now, finishedAt: now })
})

it('goes on saving after its storage failed once', async () => {
  await desk.send(device, make('a'), 0)
  const sql = vi.spyOn(storage.sql, 'exec').mockImplementationOnce(() => {
    throw new Error('the storage was reset')
  })
  await expect(desk.flush()).rejects.toThrow('reset')
  sql.mockRestore()
  desk.answer({ requestId: 'a', body: {}, at: now })
  await desk.flush()
  expect(saves.at(-1)?.[0]).toMatchObject({ state: 'succeeded' })
})

it('sends an unanswered one again after twice as long each time', async () => {
  await desk.send(device, make('a'), 0)
  const times = [now]
  for (const start = now; now < start + 20_000; now += 500) {
    await desk.expire()
    if (told.length > times.length) times.push(now)
  }
  expect(times.map((at) => at - (times[0] ?? 0))).toEqual([0, 1_000, 3_000, 7_000, 15_000])
  expect(told.map(({ attempt }) => attempt)).toEqual([0, 1, 2, 3, 4])
})

it('does not say that it is offline where the command may have gone out', async () => {
  tell = async () => {
    throw new Error('the gateway was reset')
  }
  const command = make('a', { persistent: false, expiresAt: now + 1_000 })
  expect(await desk.send(device, command, 0)).toMatchObject({ state: 'sent' })
  expect(desk.answer({ requestId: 'a', body: { success: true }, at: now })).toBe(true)
})

it('fails at once for a device that is away, and never sends it', async () => {
  way = undefined
  expect(await desk.send(device, make('a', { persistent: false }), 0)).toMatchObject({
    state: 'failed',
    result: { code: 'device_offline' },
  })
  way = 'websocket:2'
  await desk.wayOpened(device)
  expect(told).toEqual([])
})

it('waits a moment for a device that polled just now, and then says that it is away', async () => {
  way = undefined
  await desk.take(0, 1)
  const once = { persistent: false, timeoutMs: 60_000, expiresAt: now + 60_000 }
  expect(await desk.send(device, make('a', once), 0)).toMatchObject({ state: 'queued' })
  expect(await desk.take(0, 1)).toMatchObject([{ requestId: 'a' }])
  expect(await desk.send(device, make('b', once), 0)).toMatchObject({ state: 'queued' })
  now += limits.pollGapMs
  await desk.expire()
  expect(saves.at(-1)?.at(-1)).toMatchObject({ state: 'failed', result: { code: 'device_offline' } })
  expect(await desk.take(0, 1)).toEqual([])
})

it('tells who waited that the time was over', async () => {
  const waiting = desk.send(device, make('a', { persistent: false, expiresAt: now + 1_000 }), 20)
  await new Promise((resolve) => setImmediate(resolve))
  now += 1_000
  expect(await waiting).toMatchObject({ state: 'expired' })
})

it('keeps of a long answer its size and its beginning', async () => {
  await desk.send(device, make('a'), 0)
  desk.answer({ requestId: 'a', body: { success: false, log: 'é'.repeat(limits.commandResultBytes) }, at: now })
  await desk.flush()
  expect(saves.at(-1)?.[0]).toMatchObject({
    state: 'failed',
    result: { truncated: true, size: 2 * limits.commandResultBytes + '{"success":false,"log":""}'.length },
  })
})

it('saves a backlog in statements that the database takes, none before an older one is done', async () => {
  way = undefined
  await Promise.all(Array.from({ length: 35 }, (_, n) => desk.send(device, make(`c${n}`), 0)))
  expect(Math.max(...saves.map((rows) => rows.length))).toBe(limits.commandsPerSave)
  expect(new Set(saves.flat().map(({ command }) => command.id)).size).toBe(35)
})

it('knows the repeat of an answer to a command that was older than the remembered ones', async () => {
  await desk.send(device, make('old'), 0)
  for (let n = 0; n < 2 * limits.commandsRemembered; n++) {
    await desk.send(device, make(`c${n}`), 0)
    desk.answer({ requestId: `c${n}`, body: {}, at: now })
    await desk.flush()
  }
  now += 1
  for (const _ of ['first', 'repeat']) {
    expect(desk.answer({ requestId: 'old', body: {}, at: now })).toBe(true)
    await desk.flush()
  }
  expect(desk.answer({ requestId: 'c0', body: {}, at: now })).toBe(false)
})
