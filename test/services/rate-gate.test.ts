import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AppError } from '../../src/domain/errors.ts'
import { limits } from '../../src/domain/limits.ts'
import { countMessage, countUnknownToken } from '../../src/services/rate-gate.ts'

/** A binding that lets `units` calls a key through. */
function binding(units: number): RateLimit & { readonly calls: string[] } {
  const calls: string[] = []
  return {
    calls,
    async limit({ key }) {
      calls.push(key)
      return { success: calls.filter((call) => call === key).length <= units }
    },
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1, 0, 0, 30) })
})
afterEach(() => {
  vi.useRealTimers()
})

async function refusalOf(work: () => Promise<void>): Promise<AppError | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    return error instanceof AppError ? error : undefined
  }
}

describe('the rate of a device', () => {
  it('is counted a hundred messages at a time, and refused until the minute is over', async () => {
    const rate = binding(2)
    const id = crypto.randomUUID()
    const send = () => refusalOf(() => countMessage(rate, id, 'device_messages_per_minute'))
    for (let n = 0; n < 3 * limits.messagesPerRateUnit - 1; n++) expect(await send()).toBeUndefined()
    const refusal = await send()
    expect(refusal).toMatchObject({
      code: 'quota_exceeded',
      limit: { limit: 'device_messages_per_minute', remaining: 0, retryAfter: 30 },
    })
    expect(await send()).toBeDefined()
    expect(rate.calls).toHaveLength(3)
    vi.setSystemTime(Date.now() + 30_000)
    expect(await send()).toBeUndefined()
  })

  it('is its own: another device and its backlog are not held back', async () => {
    const rate = binding(0)
    const id = crypto.randomUUID()
    for (let n = 0; n < limits.messagesPerRateUnit; n++)
      await refusalOf(() => countMessage(rate, id, 'device_messages_per_minute'))
    expect(await refusalOf(() => countMessage(rate, id, 'device_messages_per_minute'))).toBeDefined()
    expect(await refusalOf(() => countMessage(rate, id, 'device_backlog_per_minute'))).toBeUndefined()
    expect(await refusalOf(() => countMessage(rate, crypto.randomUUID(), 'device_messages_per_minute'))).toBeUndefined()
  })
})

describe('unknown tokens', () => {
  it('are counted one by one against their address', async () => {
    const rate = binding(1)
    expect(await refusalOf(() => countUnknownToken(rate, '192.0.2.1'))).toBeUndefined()
    expect(await refusalOf(() => countUnknownToken(rate, '192.0.2.1'))).toMatchObject({ code: 'quota_exceeded' })
    expect(await refusalOf(() => countUnknownToken(rate, '192.0.2.2'))).toBeUndefined()
  })
})
