import { expect, it, vi } from 'vitest'
import { limits } from '../../src/domain/limits.ts'
import type { Outcome } from '../../src/mqtt/connection/ports.ts'
import { DueWills, type WillRepeat, willMigration } from '../../src/objects/device/mqtt-wills.ts'
import { sqliteStorage } from '../commands/sqlite-storage.ts'

const will = { topic: 'me/telemetry', payload: Uint8Array.of(1, 2), qos: 1, retain: false } as const
const passing: Outcome = { passing: { code: 'unavailable', detail: 'Away.' } }

function world(outcomes: (Outcome | Error | 'cut short')[]) {
  const storage = sqliteStorage([willMigration])
  const seen: { readonly at: number; readonly repeat: WillRepeat; readonly payload: number[] }[] = []
  const take = async ({ payload }: { readonly payload: Uint8Array }, repeat: WillRepeat): Promise<Outcome> => {
    seen.push({ at: home.now, repeat, payload: [...payload] })
    const outcome = outcomes.shift() ?? 'done'
    if (outcome instanceof Error) throw outcome
    return outcome === 'cut short' ? new Promise(() => {}) : outcome
  }
  const arm = (at: number) => {
    home.alarm = Math.min(home.alarm, at)
  }
  const awake = (): DueWills => new DueWills(storage, { take, arm, background: () => {}, now: (): number => home.now })
  const home = {
    now: 1_000_000,
    alarm: Number.POSITIVE_INFINITY,
    seen,
    wills: awake(),
    evict(): void {
      home.wills = awake()
    },
    async publish() {
      home.wills.publish(will)
      await turn()
    },
    async ring() {
      home.now = home.alarm
      home.alarm = Number.POSITIVE_INFINITY
      home.wills.retry()
      await turn()
    },
    count: () => storage.sql.exec('SELECT * FROM mqtt_wills').toArray().length,
  }
  return home
}

const turn = () => new Promise((done) => setTimeout(done))

it('is published once where nothing fails, and leaves nothing', async () => {
  const home = world([])
  await home.publish()
  await home.ring()
  expect(home.seen).toMatchObject([{ repeat: { packetId: 1, isDup: false }, payload: [1, 2] }])
  expect(home.count()).toBe(0)
})

it('is tried again after a passing fault, as the repeat that it is, through an eviction', async () => {
  vi.spyOn(console, 'error').mockReturnValue()
  const home = world([passing, new Error('gone'), 'cut short'])
  await home.publish()
  await home.ring()
  await home.ring()
  home.evict()
  await home.ring()
  await home.ring()
  expect(home.seen.map(({ repeat }) => repeat)).toEqual([
    { packetId: 1, isDup: false },
    ...Array(3).fill({ packetId: 1, isDup: true }),
  ])
  expect(home.seen.map(({ at }) => at - 1_000_000)).toEqual([0, 1, 3, 7].map((n) => n * limits.mqttWillRetryMs))
  expect(home.count()).toBe(0)
})

it('is given up after a while', async () => {
  vi.spyOn(console, 'warn').mockReturnValue()
  const home = world(Array(100).fill(passing))
  await home.publish()
  for (let n = 0; n < 20 && home.alarm < Number.POSITIVE_INFINITY; n++) await home.ring()
  expect(home.seen.length).toBeLessThan(10)
  expect((home.seen.at(-1)?.at ?? 0) - 1_000_000).toBeLessThanOrEqual(limits.mqttWillMs)
  expect(home.count()).toBe(0)
})
