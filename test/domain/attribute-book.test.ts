// The book of a device's attributes against a database that is slow, fails, and commits what it said it did not.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Attribute,
  type AttributeChanges,
  type AttributeScope,
  attributeScopes,
} from '../../src/domain/attribute.ts'
import { AppError } from '../../src/domain/errors.ts'
import { limits } from '../../src/domain/limits.ts'
import type { DeviceIdentity } from '../../src/domain/principal.ts'
import { AttributeBook } from '../../src/objects/device/attribute-book.ts'

const device = { tenantId: 't', deviceId: 'd' } as unknown as DeviceIdentity

type Fault = 'before' | 'after' | undefined

/** `faults` and `loadFaults` are used up one a call. */
class Database {
  readonly rows = new Map<string, Attribute>()
  readonly writes: AttributeChanges[] = []
  readonly told: [AttributeScope, AttributeChanges][] = []
  readonly faults: Fault[] = []
  readonly loadFaults: boolean[] = []
  loads = 0
  isWriting = false
  #time = 0

  readonly book = new AttributeBook({
    load: async () => {
      this.loads++
      const isAway = this.loadFaults.shift()
      await tick()
      if (isAway) throw new Error('away')
      return [...this.rows.values()]
    },
    save: async (_, scope, changes, now) => {
      expect(this.isWriting).toBe(false)
      this.isWriting = true
      const fault = this.faults.shift()
      await tick()
      if (fault !== 'before') this.commit(scope, changes, now)
      await tick()
      this.isWriting = false
      if (fault) throw new Error('away')
    },
    changed: (_, scope, changes) => this.told.push([scope, changes]),
    now: () => ++this.#time,
  })

  commit(scope: AttributeScope, changes: AttributeChanges, now: number): void {
    this.writes.push(changes)
    for (const [key, value] of changes) {
      if (value === null) this.rows.delete(`${scope} ${key}`)
      else this.rows.set(`${scope} ${key}`, { scope, key, value, updatedAt: now })
    }
  }

  async values(...scopes: AttributeScope[]): Promise<[string, unknown][]> {
    return (await this.book.read(device, scopes)).map(({ key, value }) => [key, value])
  }
}

const tick = () => new Promise<void>((resolve) => setImmediate(resolve))

describe('an attribute book', () => {
  it('is loaded once, whoever asks at once, and again where that failed', async () => {
    const db = new Database()
    db.commit(
      'client',
      [
        ['b', 1],
        ['a', 2],
      ],
      1,
    )
    db.loadFaults.push(true)
    await expect(db.book.read(device, ['client'])).rejects.toThrow()
    const lists = await Promise.all([db.values('client'), db.values('client'), db.values('shared')])
    expect(lists).toEqual([
      [
        ['a', 2],
        ['b', 1],
      ],
      [
        ['a', 2],
        ['b', 1],
      ],
      [],
    ])
    expect(db.loads).toBe(2)
  })

  it('saves in order of arrival, one at a time, past a failure', async () => {
    const db = new Database()
    db.faults.push(undefined, 'before')
    const saves = [1, 2, 3].map((n) => db.book.save(device, 'shared', [['a', n]]))
    const results = await Promise.allSettled(saves)
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(db.told).toEqual([
      ['shared', [['a', 1]]],
      ['shared', [['a', 3]]],
    ])
    expect(await db.values('shared')).toEqual([['a', 3]])
  })

  it('writes and tells only what changed; a shared value always', async () => {
    const db = new Database()
    await db.book.save(device, 'client', [
      ['a', 1],
      ['b', { x: [1] }],
    ])
    await db.book.save(device, 'client', [
      ['a', 1],
      ['b', { x: [1] }],
      ['gone', null],
    ])
    expect(db.writes).toHaveLength(1)
    await db.book.save(device, 'client', [
      ['a', 2],
      ['b', { x: [1] }],
    ])
    expect(db.writes[1]).toEqual([['a', 2]])
    for (const _ of [1, 2]) await db.book.save(device, 'shared', [['a', 1]])
    expect(db.told).toHaveLength(4)
  })

  it.each(attributeScopes)(
    'tells a %s value that was committed by a save that failed, when it is sent again',
    async (scope) => {
      const db = new Database()
      db.faults.push('after')
      await expect(db.book.save(device, scope, [['a', 1]])).rejects.toThrow()
      expect(db.told).toEqual([])
      expect(await db.values(scope)).toEqual([['a', 1]])
      await db.book.save(device, scope, [
        ['a', 1],
        ['b', 2],
      ])
      expect(db.told).toHaveLength(1)
      expect(db.told[0]?.[1]).toHaveLength(2)
    },
  )

  it('does not take for stored what a late commit of a failed save undid', async () => {
    const db = new Database()
    await db.book.save(device, 'server', [['a', 1]])
    db.faults.push('before')
    await expect(db.book.save(device, 'server', [['a', 2]])).rejects.toThrow()
    expect(await db.values('server')).toEqual([['a', 1]])
    db.commit('server', [['a', 2]], 9)
    await db.book.save(device, 'server', [['a', 1]])
    expect(db.rows.get('server a')?.value).toBe(1)
  })

  it('shows the state before or after a save, never half of it', async () => {
    const db = new Database()
    const keys = ['a', 'b', 'c'] as const
    await db.book.save(
      device,
      'shared',
      keys.map((key) => [key, 0] as const),
    )
    let isOver = false
    const saves = Promise.all(
      [1, 2, 3].map((n) =>
        db.book.save(
          device,
          'shared',
          keys.map((key) => [key, n] as const),
        ),
      ),
    )
    const done = saves.then(() => {
      isOver = true
    })
    while (!isOver) {
      expect(new Set((await db.values('shared')).map(([, value]) => value)).size).toBe(1)
      await tick()
    }
    await done
  })

  it('is bounded by what it holds after the change', async () => {
    const db = new Database()
    const many = Array.from({ length: limits.attributesPerScope }, (_, n) => [`k${n}`, n] as const)
    await db.book.save(device, 'shared', many)
    const refused = await db.book.save(device, 'shared', [['more', 1]]).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(AppError)
    expect(refused).toMatchObject({ reason: 'too_many_keys' })
    await db.book.save(device, 'client', [['more', 1]])
    await db.book.save(device, 'shared', [
      ['more', 1],
      ['k0', null],
    ])
    expect(await db.values('shared')).toHaveLength(limits.attributesPerScope)
  })

  it('agrees with the database and with what was told, whatever comes and fails', async () => {
    const key = fc.constantFrom('a', 'b', '__proto__')
    const value = fc.option(fc.constantFrom<string | number>(0, 1, 'x'), { nil: null })
    const step = fc.record({
      scope: fc.constantFrom(...attributeScopes),
      changes: fc.uniqueArray(fc.tuple(key, value), { minLength: 1, selector: ([name]) => name }),
      fault: fc.constantFrom<Fault>(undefined, undefined, 'before', 'after'),
      waits: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const db = new Database()
        const acknowledged = new Map<string, unknown>()
        const work = steps.map(async ({ scope, changes, fault, waits }) => {
          if (waits) await tick()
          if (fault) db.faults.push(fault)
          const isDone = await db.book.save(device, scope, changes).then(
            () => true,
            () => false,
          )
          // In order: saves resolve one by one. What failed may or may not hold.
          for (const [name, item] of changes) {
            if (isDone) acknowledged.set(`${scope} ${name}`, item)
            else acknowledged.delete(`${scope} ${name}`)
          }
          await db.book.read(device, [scope])
        })
        await Promise.all(work)
        for (const [name, item] of acknowledged) expect(db.rows.get(name)?.value ?? null).toBe(item)

        // Everything sent once more without trouble: memory, database and those who were told agree.
        db.faults.length = 0
        for (const { scope, changes } of steps) await db.book.save(device, scope, changes)
        const heard = new Map<string, unknown>()
        for (const [scope, changes] of db.told) for (const [name, item] of changes) heard.set(`${scope} ${name}`, item)
        const stored = await db.book.read(device, attributeScopes)
        expect(new Map(stored.map((row) => [`${row.scope} ${row.key}`, row]))).toEqual(db.rows)
        for (const [name, item] of heard) expect(db.rows.get(name)?.value ?? null).toBe(item)
        for (const name of db.rows.keys()) expect(heard.has(name)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})
