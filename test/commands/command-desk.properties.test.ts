// Random lives of a device and its commands, against what was promised of each.
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import type { Command, CommandRequest, CommandState } from '../../src/domain/command.ts'
import type { DeviceId } from '../../src/domain/ids.ts'
import { limits } from '../../src/domain/limits.ts'
import type { DeviceIdentity } from '../../src/domain/principal.ts'
import { CommandDesk } from '../../src/objects/device/command-desk.ts'
import { CommandQueue, commandMigrations } from '../../src/objects/device/command-queue.ts'
import type { CommandRow } from '../../src/objects/device/command-row.ts'
import type { DeviceStorage } from '../../src/objects/device/storage.ts'
import { sqliteStorage } from './sqlite-storage.ts'

const device = { tenantId: 't', deviceId: 'd' as DeviceId } as unknown as DeviceIdentity
const final: readonly CommandState[] = ['succeeded', 'failed', 'expired', 'cancelled']
const ignore = () => undefined
const start = 1_795_000_000_000

interface Told {
  readonly request: CommandRequest
  readonly at: number
  readonly by: 'socket' | 'poll'
}

/** Carries out what it did not see before, and answers what comes again as it answered it then. */
class World {
  now = start
  /** The device's answers do not arrive. */
  isLossy = false
  /** Handing something over fails: before it reached the device, or after. */
  broken: 'before' | 'after' | undefined
  isHistoryAway = false
  healthySince = 0
  readonly given = new Map<string, Command>()
  readonly told: Told[] = []
  readonly carriedOut = new Map<string, number>()
  /** When the desk took the device's answer. */
  readonly answered = new Map<string, number>()
  readonly cancelled = new Set<string>()
  readonly history = new Map<string, CommandRow>()
  readonly wentBack: string[] = []
  readonly #storage = sqliteStorage(commandMigrations)
  readonly #toAnswer: string[] = []
  #lives = 0
  queue = this.#wake()
  desk = this.#open()
  #way: string | undefined
  #ways = 0
  #alarm = Number.POSITIVE_INFINITY

  /** What an evicted object still had in hand never reaches its storage. */
  #wake(): CommandQueue {
    const life = ++this.#lives
    const alive = <T>(value: T): T => {
      if (life !== this.#lives) throw new Error('evicted')
      return value
    }
    const storage = this.#storage
    return new CommandQueue({
      get sql() {
        return alive(storage.sql)
      },
      get isReady() {
        return alive(storage.isReady)
      },
      prepare: () => alive(storage).prepare(),
    } as DeviceStorage)
  }

  #open(): CommandDesk {
    const life = this.#lives
    return new CommandDesk(this.queue, {
      tell: async (_, messages) => {
        if (life !== this.#lives || this.#way === undefined) return undefined
        if (this.broken === 'before') throw new Error('reset')
        for (const message of messages) if (message.kind === 'command') this.#receive(message.request, 'socket')
        if (this.broken === 'after') throw new Error('reset')
        return this.#way
      },
      current: async (kept) => {
        if (this.isHistoryAway) throw new Error('D1 is away')
        return kept
      },
      saveHistory: async (_, rows) => {
        if (this.isHistoryAway) throw new Error('D1 is away')
        if (life === this.#lives) for (const row of rows) this.#save(row)
      },
      changed: () => undefined,
      arm: (at) => {
        this.#alarm = Math.min(this.#alarm, at)
      },
      now: () => this.now,
    })
  }

  #save(row: CommandRow): void {
    const { id } = row.command
    const before = this.history.get(id)
    if (before && final.includes(before.state) && row.state !== before.state) this.wentBack.push(id)
    this.history.set(id, row)
  }

  #receive(request: CommandRequest, by: Told['by'], at = this.now): void {
    this.told.push({ request, at, by })
    if (request.attempt === 0 || !this.carriedOut.has(request.requestId)) {
      this.carriedOut.set(request.requestId, (this.carriedOut.get(request.requestId) ?? 0) + 1)
    }
    if (this.isLossy) return
    this.#toAnswer.push(request.requestId)
  }

  /** Everything that was set going goes as far as it can. */
  async settle(): Promise<void> {
    for (let n = 0; n < 3; n++) {
      await new Promise((resolve) => setImmediate(resolve))
      for (const requestId of this.#toAnswer.splice(0)) {
        const isTaken = this.desk.answer({ requestId, body: { success: true }, at: this.now })
        if (isTaken && !this.answered.has(requestId)) this.answered.set(requestId, this.told.length)
        await this.desk.flush()
      }
    }
  }

  give(persistent: boolean, twoWay: boolean, timeoutMs: number, lifeMs: number): void {
    const id = `c${String(this.given.size).padStart(4, '0')}`
    const expiresAt = this.now + (persistent ? lifeMs : timeoutMs)
    const command: Command = {
      ...{ id, requestId: id, method: 'm', params: {}, twoWay, persistent, timeoutMs },
      ...{ createdAt: this.now, expiresAt },
    }
    this.given.set(id, command)
    this.desk.send(device, command, 0).catch((error: Error) => error.message !== 'evicted' && this.given.delete(id))
  }

  connect(): void {
    if (this.#way !== undefined) return
    this.#way = `websocket:${++this.#ways}`
    this.desk.wayOpened(device).catch(ignore)
  }

  disconnect(): void {
    const way = this.#way
    if (way === undefined) return
    this.#way = undefined
    this.desk.wayClosed(way).catch(ignore)
  }

  /** The device asks by HTTP; an answer that an eviction cut off does not reach it. */
  poll(): void {
    const [life, at] = [this.#lives, this.now]
    this.desk
      .take(0, 3)
      .then(
        (requests) => life === this.#lives && requests.forEach((request) => void this.#receive(request, 'poll', at)),
      )
      .catch(ignore)
  }

  cancel(pick: number): void {
    const id = [...this.given.keys()][pick] ?? ''
    if (this.desk.cancel(id)) this.cancelled.add(id)
  }

  /** What was in memory is gone; sockets outlive it. */
  evict(): void {
    this.queue = this.#wake()
    this.desk = this.#open()
    this.desk.woke()
  }

  async pass(ms: number): Promise<void> {
    await this.settle() // what takes no time is done before any passes
    const until = this.now + ms
    for (let rings = 0; this.#alarm <= until && rings < 500; rings++) {
      this.now = Math.max(this.now, this.#alarm)
      this.#alarm = Number.POSITIVE_INFINITY
      await this.desk.expire()
      await this.settle()
    }
    this.now = Math.max(this.now, until)
  }
}

const step = fc.oneof(
  fc.record({
    kind: fc.constant('give' as const),
    persistent: fc.boolean(),
    twoWay: fc.boolean(),
    timeoutMs: fc.constantFrom(500, 10_000),
    lifeMs: fc.constantFrom(1_000, 30_000, 3_600_000),
  }),
  fc.record({
    kind: fc.constantFrom(
      'connect' as const,
      'disconnect' as const,
      'evict' as const,
      'settle' as const,
      'poll' as const,
    ),
  }),
  fc.record({
    kind: fc.constant('break' as const),
    how: fc.constantFrom('before' as const, 'after' as const, undefined),
  }),
  fc.record({ kind: fc.constant('lossy' as const), is: fc.boolean() }),
  fc.record({ kind: fc.constant('away' as const), is: fc.boolean() }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(10, 600, 11_000, 60_000) }),
  fc.record({ kind: fc.constant('cancel' as const), pick: fc.nat(30) }),
)

async function live(steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[]): Promise<World> {
  const world = new World()
  for (const act of steps) {
    if (act.kind === 'give') world.give(act.persistent, act.twoWay, act.timeoutMs, act.lifeMs)
    else if (act.kind === 'lossy') world.isLossy = act.is
    else if (act.kind === 'away') world.isHistoryAway = act.is
    else if (act.kind === 'pass') await world.pass(act.ms)
    else if (act.kind === 'break') world.broken = act.how
    else if (act.kind === 'cancel') world.cancel(act.pick)
    else if (act.kind === 'settle') await world.settle()
    else world[act.kind]()
  }
  // In the end all is well for long enough.
  world.isLossy = false
  world.isHistoryAway = false
  world.broken = undefined
  await world.settle()
  world.healthySince = world.now
  world.connect()
  await world.settle()
  await world.pass(2 * 3_600_000)
  await world.desk.flush()
  return world
}

vi.mock('../../src/log.ts', () => ({ log: () => undefined }))

it('keeps its promises through 1,000 random lives', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const world = await live(steps)
      const firsts = world.told.filter(({ request }, at) => {
        return world.told.findIndex((other) => other.request.requestId === request.requestId) === at
      })
      for (const way of ['socket', 'poll'] as const) {
        const order = firsts
          .filter(({ by, request }) => by === way && request.attempt === 0)
          .map(({ request }) => request.requestId)
        expect(order, `first sent by ${way} in the order of arrival`).toEqual([...order].sort())
      }
      expect(world.wentBack, 'a final state stays').toEqual([])
      for (const { request, at } of world.told) {
        expect(at, 'nothing is sent after its expiry').toBeLessThan(world.given.get(request.requestId)?.expiresAt ?? 0)
      }
      for (const [id, { persistent, twoWay }] of world.given) {
        const sent = world.told.filter(({ request }) => request.requestId === id)
        const saved = world.history.get(id)
        expect(saved, `${id} stands in the history`).toBeDefined()
        if (!persistent) expect(sent.length, `${id} is sent once at most`).toBeLessThanOrEqual(1)
        if (sent.length > 1) expect(sent.at(-1)?.request.attempt, 'a repeat says so').toBeGreaterThan(0)
        expect(sent.slice(1).every(({ request }) => request.attempt > 0)).toBe(true)
        if (twoWay) expect(final, `${id} is over`).toContain(saved?.state)
        if (saved?.state === 'succeeded') expect(sent.length, `${id} was sent`).toBeGreaterThan(0)
        expect(world.carriedOut.get(id) ?? 0, `${id} is carried out once at most`).toBeLessThanOrEqual(1)
        // Long enough for the longest wait between two attempts.
        const left = (saved?.command.expiresAt ?? 0) - world.healthySince
        const isDue = persistent && left > 2 * limits.commandRetryMaxMs && !world.cancelled.has(id)
        if (isDue && twoWay) {
          expect(world.carriedOut.get(id), `${id} is carried out`).toBe(1)
          expect(saved?.state, `${id} is answered`).toBe('succeeded')
        }
        const answeredAt = world.answered.get(id)
        const after = answeredAt === undefined ? [] : world.told.slice(answeredAt)
        expect(
          after.filter(({ request }) => request.requestId === id),
          `${id} is not sent after its answer`,
        ).toEqual([])
      }
      expect(world.queue.underWay(), 'nothing is left under way').toBe(0)
      expect(world.queue.unsaved()).toEqual([])
    }),
    { numRuns: 1_000 },
  )
})

it('leaves room again once the waiting are over', async () => {
  const world = new World()
  for (let n = 0; n <= limits.commandsUnderWay; n++) world.give(true, true, 500, 1_000)
  await world.settle()
  expect(world.given.size).toBe(limits.commandsUnderWay)
  await world.pass(2_000)
  world.give(true, true, 500, 1_000)
  await world.settle()
  expect(world.queue.underWay()).toBe(1)
})
