import { describe, expect, it } from 'vitest'
import { AppError, type Fault } from '../../src/domain/errors.ts'
import { limits } from '../../src/domain/limits.ts'
import { gate, openSession } from './fakes.ts'

const reading = (id?: number | string) => ({ type: 'telemetry', data: { a: 1 }, ...(id !== undefined && { id }) })
const unavailable: Fault = { code: 'unavailable', detail: 'Away.', retryAfter: 5 }

describe('a device session', () => {
  it('answers each kind of frame, in order', async () => {
    const { session, say, sent, closes } = openSession()
    say({ type: 'auth', deviceToken: 'own' })
    say(reading('r1'))
    say({ type: 'client_attribute', data: { a: 1, b: 2 }, id: 2 })
    say({ type: 'get_attributes', scope: 'SHARED' })
    say({ type: 'rpc_response', requestId: 'q', success: true })
    say({ type: 'ping', id: 'p' })
    await session.idle()
    expect(sent).toEqual([
      { type: 'auth_result', success: true },
      { type: 'ack', accepted: 1, id: 'r1' },
      { type: 'ack', accepted: 2, id: 2 },
      { type: 'attributes_response', data: { volume: 5 } },
      { type: 'ack', accepted: 1 },
      { type: 'pong', id: 'p' },
    ])
    expect(closes).toEqual([])
  })

  it('hands on what the frames say', async () => {
    const calls: unknown[] = []
    const { session, say, sent } = openSession({
      saveClientAttributes: async (changes, child) => void calls.push({ ...(changes as object) }, child),
      attributes: async (scope, keys) => {
        calls.push(scope, keys)
        return {}
      },
      answerCommand: async (answer) => {
        calls.push(answer)
        return false
      },
    })
    say({ type: 'client_attribute', key: 'k', value: 1, childDeviceId: 'c' })
    say({ type: 'get_attributes', scope: 'client', keys: ['a'] })
    say({ type: 'rpc_response', requestId: 'q', result: { x: 1 } })
    await session.idle()
    expect(calls).toEqual([{ k: 1 }, 'c', 'client', ['a'], { requestId: 'q', body: { x: 1 } }])
    expect(sent.at(-1)).toEqual({ type: 'ack', accepted: 0 })
  })

  it('takes what waits as one run, up to its limits and to the next other frame', async () => {
    const first = gate()
    const runs: unknown[][] = []
    const { session, say, sent } = openSession({
      telemetry: async (frames) => {
        runs.push(frames.map(({ id }) => id))
        if (runs.length === 1) await first.opened
        return frames.map(() => ({ accepted: 1 }))
      },
    })
    say(reading(0))
    for (let id = 1; id <= limits.runFrames + 5; id++) say(reading(id))
    say({ type: 'ping' })
    say(reading('last'))
    expect(sent).toEqual([])
    first.open()
    await session.idle()
    expect(runs.map(({ length }) => length)).toEqual([1, limits.runFrames, 5, 1])
    expect(sent.findIndex(({ type }) => type === 'pong')).toBe(limits.runFrames + 6)
  })

  it('keeps a run to its bytes', async () => {
    const first = gate()
    const { session, say, runs } = openSession({
      telemetry: async (frames) => {
        runs.push([...frames])
        if (runs.length === 1) await first.opened
        return frames.map(() => ({ accepted: 1 }))
      },
    })
    const big = { type: 'telemetry', data: { a: 'x'.repeat(100 * 1024) } }
    for (let i = 0; i < 5; i++) say(big)
    first.open()
    await session.idle()
    expect(runs.map(({ length }) => length)).toEqual([1, 2, 2])
  })

  it('answers for each item of a batch', async () => {
    const refused = {
      index: 1,
      fault: { code: 'validation_rejected', reason: 'empty_reading', detail: 'No.' },
    } as const
    const results = [
      { accepted: 1, rejected: [refused] },
      { accepted: 0, rejected: [refused] },
    ]
    const { session, say, sent } = openSession({ telemetry: async () => results.splice(0, 1) })
    say({ type: 'telemetry', data: [{ a: 1 }, {}], id: 1 })
    say({ type: 'telemetry', data: [{}], id: 2 })
    await session.idle()
    const fault = { code: 'validation_rejected', reason: 'empty_reading', detail: 'No.' }
    expect(sent).toEqual([
      { type: 'ack', accepted: 1, rejected: [{ index: 1, ...fault }], id: 1 },
      { type: 'error', ...fault, retryable: false, id: 2 },
    ])
  })

  it('stays open while the store is away', async () => {
    const { session, say, sent, closes } = openSession({ telemetry: async (frames) => frames.map(() => unavailable) })
    say(reading(1))
    say({ type: 'ping' })
    await session.idle()
    expect(sent[0]).toEqual({ type: 'error', ...unavailable, retryable: true, id: 1 })
    expect(sent[1]).toEqual({ type: 'pong' })
    expect(closes).toEqual([])
  })

  it('answers a port that fails with internal and none of its words', async () => {
    const fail = async () => {
      throw new Error('SELECT secret')
    }
    const { session, say, sent, closes } = openSession({
      telemetry: fail,
      saveClientAttributes: fail,
      attributes: fail,
      answerCommand: fail,
      heard: fail,
      isOwnToken: fail,
      refused: fail,
    })
    say(reading(1))
    say({ type: 'client_attribute', key: 'a', value: 1, id: 2 })
    say({ type: 'get_attributes', id: 3 })
    say({ type: 'rpc_response', requestId: 'q', id: 4 })
    say({ type: 'auth', deviceToken: 'own', id: 5 })
    say({ type: 'nonsense', id: 6 })
    await session.idle()
    expect(sent.map((frame) => 'code' in frame && [frame.code, frame.id])).toEqual(
      [1, 2, 3, 4, 5, 6].map((id) => ['internal', id]),
    )
    expect(JSON.stringify(sent)).not.toContain('secret')
    expect(closes).toEqual([])
  })

  it('answers a telemetry port that answers too little', async () => {
    const { session, say, sent } = openSession({ telemetry: async () => [] })
    say(reading(1))
    await session.idle()
    expect(sent).toMatchObject([{ type: 'error', code: 'internal', id: 1 }])
  })

  it('records what it refuses before it answers, and only what is refused for good', async () => {
    const order: string[] = []
    const { session, say, sent } = openSession({
      saveClientAttributes: async (changes) => {
        const code = Object.hasOwn(changes as object, 'bad') ? 'validation_rejected' : 'unavailable'
        throw new AppError(code, { detail: 'No.' })
      },
      refused: async ({ code }, raw) => void order.push(`${code} ${raw} after ${sent.length}`),
    })
    session.receive('{')
    say({ type: 'client_attribute', key: 'bad', value: 1 })
    say({ type: 'client_attribute', key: 'good', value: 1 })
    await session.idle()
    expect(order).toEqual([
      'payload_malformed { after 0',
      'validation_rejected {"type":"client_attribute","key":"bad","value":1} after 1',
    ])
    expect(sent).toMatchObject([
      { code: 'payload_malformed', reason: 'json_syntax', retryable: false },
      { code: 'validation_rejected', retryable: false },
      { code: 'unavailable', retryable: true },
    ])
  })

  it('counts garbage against the quota too', async () => {
    const { session, sent } = openSession({
      refused: async () => {
        throw new AppError('quota_exceeded', {
          detail: 'Over.',
          limit: { limit: 'telemetry_per_minute', remaining: 0, retryAfter: 9 },
        })
      },
    })
    session.receive('garbage')
    await session.idle()
    expect(sent).toEqual([{ type: 'error', code: 'quota_exceeded', detail: 'Over.', retryable: true, retryAfter: 9 }])
  })

  it("closes 4401 on another device's token, and sends nothing after", async () => {
    const { session, say, sent, closes, runs } = openSession()
    say({ type: 'auth', deviceToken: 'strange', id: 1 })
    say(reading())
    await session.idle()
    say(reading())
    await session.idle()
    expect(sent).toMatchObject([{ type: 'auth_result', success: false, code: 'unauthenticated', id: 1 }])
    expect(closes.map(({ code }) => code)).toEqual([4401])
    expect(runs).toEqual([])
  })

  it('closes 4401 where the pipeline no longer knows the device', async () => {
    const { session, say, sent, closes } = openSession({
      telemetry: async (frames) => frames.map(() => ({ code: 'unauthenticated', detail: 'Rotated.' })),
    })
    say(reading(1))
    await session.idle()
    expect(sent).toMatchObject([{ type: 'error', code: 'unauthenticated', id: 1 }])
    expect(closes.map(({ code }) => code)).toEqual([4401])
  })

  it('closes 1009 on a frame too big, after what came before it', async () => {
    const { session, say, sent, closes, refusals } = openSession()
    say(reading(1))
    session.receive('x'.repeat(2 * limits.socketBacklogBytes))
    say(reading(2))
    await session.idle()
    expect(sent).toEqual([{ type: 'ack', accepted: 1, id: 1 }])
    expect(closes.map(({ code }) => code)).toEqual([1009])
    expect(refusals.map(({ code }) => code)).toEqual(['payload_too_large'])
  })

  it('closes 1013 once when too much is unanswered, and drops the rest', async () => {
    const first = gate()
    const { session, say, sent, closes, runs } = openSession({
      telemetry: async (frames) => {
        runs.push([...frames])
        await first.opened
        return frames.map(() => ({ accepted: 1 }))
      },
    })
    for (let id = 0; id < 10_000; id++) say(reading(id))
    expect(closes.map(({ code }) => code)).toEqual([1013])
    first.open()
    await session.idle()
    expect(runs.map(({ length }) => length)).toEqual([1])
    expect(sent).toEqual([])
    expect(closes).toHaveLength(1)
  })

  it('takes frames without end from a device that waits', async () => {
    const { session, say, sent, closes } = openSession()
    const window = 1000
    for (let id = 0; id < 10_000; id++) {
      say(reading(id))
      if (id % window === window - 1) await session.idle()
    }
    expect(sent).toHaveLength(10_000)
    expect(closes).toEqual([])
  })

  it('forgets a socket that went away', async () => {
    const { session, say, sent, closes } = openSession()
    sent.push = () => {
      throw new TypeError('closed')
    }
    say(reading())
    say(reading())
    await expect(session.idle()).resolves.toBeUndefined()
    expect(closes).toEqual([])
  })
})
