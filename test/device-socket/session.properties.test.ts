import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { TelemetryTaken } from '../../src/device-socket/ports.ts'
import { AppError, type Fault } from '../../src/domain/errors.ts'
import { openSession } from './fakes.ts'

const tick = async (turns: number) => {
  for (let i = 0; i < turns; i++) await Promise.resolve()
}

it('gives exactly one answer to each frame or closes, and never throws, whatever comes', async () => {
  const type = fc.constantFrom('auth', 'telemetry', 'client_attribute', 'get_attributes', 'rpc_response', 'ping', 'x')
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom('own', 'SHARED', { a: 1 }, [{ a: 1 }]))
  const fields = { deviceToken: value, data: value, key: value, value, scope: value, requestId: value, id: value }
  const frame = fc.record({ type, ...fields }, { requiredKeys: ['type'] }).map((it) => JSON.stringify(it))
  const bytes = fc.uint8Array().map((it) => it.slice().buffer as ArrayBuffer)
  const message = fc.oneof({ weight: 4, arbitrary: frame }, fc.string(), fc.json(), bytes)
  await fc.assert(
    fc.asyncProperty(fc.array(message), async (messages) => {
      const { session, sent, closes } = openSession()
      for (const text of messages) session.receive(text)
      await session.idle()
      if (closes.length === 0) expect(sent).toHaveLength(messages.length)
      else {
        expect(closes).toHaveLength(1)
        expect(sent.length).toBeLessThanOrEqual(messages.length)
      }
    }),
    { numRuns: 300 },
  )
})

it('answers in the order of the frames, however long each port takes and whatever it says', async () => {
  const step = fc.record({ ping: fc.boolean(), turns: fc.nat(20), pause: fc.nat(8), outcome: fc.nat(3) })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      let started = 0
      const outcomes: ((turns: number) => Promise<TelemetryTaken | Fault>)[] = [
        async () => ({ accepted: 1 }),
        async () => ({ code: 'unavailable', detail: 'Away.' }),
        async () => ({ accepted: 0, rejected: [] }),
        async () => {
          throw new AppError('quota_exceeded', { detail: 'Over.' })
        },
      ]
      const { session, say, sent } = openSession({
        telemetry: async (frames) => {
          started++
          const [first] = frames
          const { turns = 0, outcome = 0 } = steps[Number(first?.id)] ?? {}
          await tick(turns)
          const result = await (outcomes[outcome] as (typeof outcomes)[0])(turns)
          return frames.map(() => result)
        },
        isOwnToken: async () => {
          await tick(3)
          return true
        },
      })
      for (const [id, { ping, pause }] of steps.entries()) {
        say(ping ? { type: 'auth', deviceToken: 'own', id } : { type: 'telemetry', data: { a: 1 }, id })
        await tick(pause)
      }
      await session.idle()
      expect(sent.map((frame) => 'id' in frame && frame.id)).toEqual(steps.map((_, id) => id))
      expect(started).toBeLessThanOrEqual(steps.filter(({ ping }) => !ping).length)
    }),
    { numRuns: 200 },
  )
})
