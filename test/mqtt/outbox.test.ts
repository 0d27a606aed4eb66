import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { limits } from '../../src/domain/limits.ts'
import type { Delivery } from '../../src/mqtt/space/calls.ts'
import type { BrokerLink } from '../../src/objects/broker/links.ts'
import { BrokerOutbox } from '../../src/objects/device/broker-outbox.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const delivery = (connection: string): Delivery => ({ clientId: 'c', connection, outbound: [] })

it('does not wait for a slow broker: its connections are told to come again, and count as gone', async () => {
  vi.spyOn(console, 'warn').mockReturnValue()
  const kicked: string[] = []
  const told: string[] = []
  const gone: string[] = []
  const brokers: Record<string, BrokerLink> = {
    slow: { ...broker(told), deliver: () => new Promise(() => {}) },
    quick: broker(told),
  }
  function broker(seen: string[]): BrokerLink {
    return {
      async deliver(deliveries) {
        seen.push(...deliveries.map(({ connection }) => connection))
        return []
      },
      async kick(connections) {
        kicked.push(...connections)
      },
      async recheck() {},
    }
  }
  const outbox = new BrokerOutbox({
    broker: (name) => brokers[name] as BrokerLink,
    gone: (connections) => gone.push(...connections),
    background: () => {},
  })
  outbox.deliver([delivery('slow/1'), delivery('quick/1')])
  await vi.advanceTimersByTimeAsync(0)
  outbox.deliver([delivery('slow/2')])
  expect(told).toEqual(['quick/1'])
  expect(gone).toEqual([])
  await vi.advanceTimersByTimeAsync(limits.tellMs)
  expect(kicked).toEqual(['slow/1'])
  expect(gone).toEqual(['slow/1'])
  await vi.advanceTimersByTimeAsync(limits.tellMs)
  expect(kicked).toEqual(['slow/1', 'slow/2'])
})
