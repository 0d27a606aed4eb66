import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AlarmRule, severities } from '../../src/domain/alarm/rule.ts'
import { limits } from '../../src/domain/limits.ts'
import { DeskWorld, newRule } from './desk.ts'
import { type Arrival, referenceHistory } from './reference.ts'

const seconds = (max: number) => fc.integer({ min: 0, max })
const operator = fc.constantFrom('>', '<', '>=', '<=', '==', '!=' as const)
const threshold = fc.integer({ min: 0, max: 10 })

const anyRule: fc.Arbitrary<AlarmRule> = fc
  .record({
    triggerMode: fc.constantFrom('VALUE', 'VALUE', 'NO_UPDATE' as const),
    severityStages: fc.array(
      fc.record({ severity: fc.constantFrom(...severities), operator, threshold, durationSec: seconds(15) }),
      { minLength: 1, maxLength: 3 },
    ),
    clearCondition: fc.option(fc.record({ operator, threshold }), { nil: undefined }),
    hysteresis: fc.constantFrom(0, 0, 2),
    policies: fc.record({
      clearAfterSec: seconds(10),
      retriggerSec: seconds(20),
      noUpdateSec: fc.integer({ min: 1, max: 15 }),
      requireFirstSample: fc.boolean(),
    }),
  })
  .map((fields) => newRule(fields))

/** Late, early, in bursts, twice. */
const anyArrivals: fc.Arbitrary<Arrival[]> = fc
  .array(
    fc.record({
      wall: fc.oneof(seconds(120), seconds(20)), // close together too: some share a second
      delay: fc.oneof(fc.constant(0), fc.integer({ min: -5, max: 60 }), fc.integer({ min: -200, max: -50 })),
      value: fc.integer({ min: 0, max: 10 }),
      again: fc.option(seconds(40), { nil: undefined }),
    }),
    { maxLength: 30 },
  )
  .map((items) =>
    items
      .map(({ wall, delay, value, again }) => ({ wall, ts: wall - delay, value, again }))
      .filter(({ ts }) => ts >= 0)
      .flatMap(({ again, ...one }) => (again === undefined ? [one] : [one, { ...one, wall: one.wall + again }]))
      .sort((a, b) => a.wall - b.wall || a.ts - b.ts),
  )

describe('an alarm desk', () => {
  it('tells the same history as a plain evaluator, whatever comes late or twice, and wherever it is evicted', async () => {
    const end = 260
    await fc.assert(
      fc.asyncProperty(
        anyRule,
        anyArrivals,
        fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
        async (rule, arrivals, evictions) => {
          const world = new DeskWorld(rule)
          await world.desk.revise(world.device)
          let step = 0
          const maybeEvict = () => {
            if (evictions[step++ % evictions.length]) world.evict()
          }
          for (const { wall, ts, value } of arrivals) {
            await world.goTo(wall * 1_000)
            maybeEvict()
            await world.send({ t: value }, ts * 1_000)
            maybeEvict()
          }
          await world.goTo(end * 1_000)
          const history = world.told.map(({ event }) => ({
            kind: event.kind,
            at: event.at / 1_000,
            severity: event.severity,
          }))
          expect(history).toEqual(referenceHistory(rule, arrivals, end, limits.arrivalLeadMs / 1_000))
          expect(world.saved).toEqual(world.told)
        },
      ),
      { numRuns: 500 },
    )
  }, 120_000)

  it('never has two open alarms of a rule, and every event in its place', async () => {
    await fc.assert(
      fc.asyncProperty(anyRule, anyArrivals, async (rule, arrivals) => {
        const world = new DeskWorld(rule)
        for (const { wall, ts, value } of arrivals) {
          await world.goTo(wall * 1_000)
          await world.send({ t: value }, ts * 1_000)
        }
        const open = new Set<string>()
        for (const { alarm, event } of world.saved) {
          if (event.kind === 'raised') open.add(alarm.id)
          else expect(open.has(alarm.id)).toBe(true)
          expect(open.size).toBeLessThanOrEqual(1)
          if (alarm.status === 'CLEARED') open.delete(alarm.id)
        }
        const places = world.saved.map(({ event }) => event.sequence)
        expect(places).toEqual(places.map((_, i) => i))
      }),
      { numRuns: 200 },
    )
  }, 60_000)
})
