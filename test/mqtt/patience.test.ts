import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { limits } from '../../src/domain/limits.ts'
import type { Inbound, Outcome } from '../../src/mqtt/connection/ports.ts'
import { withPatience } from '../../src/objects/broker/patience.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const messages = ['a', 'b', 'c'].map((name) => ({ topic: name }) as Inbound)
const over = (retryAfter: number): Outcome => ({ passing: { code: 'quota_exceeded', detail: 'Over.', retryAfter } })

it('tries again what is over a limit, and only that', async () => {
  const asked: string[][] = []
  const publish = async (some: readonly Inbound[]): Promise<Outcome[]> => {
    asked.push(some.map(({ topic }) => topic))
    return some.map(({ topic }) => (topic === 'b' && asked.length < 3 ? over(5) : 'done'))
  }
  const outcomes = withPatience(messages, publish, () => false)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await outcomes).toEqual(['done', 'done', 'done'])
  expect(asked).toEqual([['a', 'b', 'c'], ['b'], ['b']])
})

it('gives up after 30 s, and at once where nobody waits', async () => {
  const publish = async (some: readonly Inbound[]) => some.map(() => over(60))
  const outcomes = withPatience(messages, publish, () => false)
  await vi.advanceTimersByTimeAsync(limits.mqttWithholdMs)
  expect(await outcomes).toEqual([over(60), over(60), over(60)])
  expect(await withPatience(messages, publish, () => true)).toEqual([over(60), over(60), over(60)])
})

it('does not wait for other faults', async () => {
  const away: Outcome = { passing: { code: 'unavailable', detail: 'Away.' } }
  expect(
    await withPatience(
      messages,
      async () => [away, 'done', { reasonCode: 0x99 }],
      () => false,
    ),
  ).toEqual([away, 'done', { reasonCode: 0x99 }])
})
