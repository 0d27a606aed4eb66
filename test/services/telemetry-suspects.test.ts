import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { intervalFor } from '../../src/domain/time-series.ts'
import { newTenant, send } from '../helpers/world.ts'

const t0 = 1_790_000_000_000
async function put(deviceId: string, rows: [number, unknown][]) {
  for (let i = 0; i < rows.length; i += 5000)
    await env.TELEMETRY_0.prepare(
      `INSERT INTO telemetry(device_id,ts,"values") SELECT ?2, value->>0, value->1 FROM json_each(?1)`,
    )
      .bind(JSON.stringify(rows.slice(i, i + 5000)), deviceId)
      .run()
}
it('int overflow', async () => {
  const t = await newTenant()
  const d = await t.device()
  await send(d.token, { ts: t0, a: 9e18 })
  await send(d.token, { ts: t0 + 1, a: 9e18 })
  const r = await t.api('POST', '/api/v1/telemetry/query', {
    deviceIds: [d.deviceId],
    keys: ['a'],
    from: t0,
    to: t0 + 10,
    aggregation: 'avg',
  })
  console.log('overflow', r.status, await r.text())
  await send(d.token, { ts: t0 + 2, f: 1e308 })
  await send(d.token, { ts: t0 + 3, f: 1e308 })
  const q = await t.api('POST', '/api/v1/telemetry/query', {
    deviceIds: [d.deviceId],
    keys: ['f'],
    from: t0,
    to: t0 + 10,
    aggregation: 'avg',
  })
  console.log('inf', q.status, await q.text())
  for (const from of [null, true, [], '']) {
    const n = await t.api('POST', '/api/v1/telemetry/query', {
      deviceIds: [d.deviceId],
      keys: ['f'],
      from,
      aggregation: 'none',
    })
    console.log('from', JSON.stringify(from), n.status)
  }
  console.log('range from=', (await t.api('GET', `/api/devices/${d.deviceId}/telemetry/range?from=`)).status)
})
it('truncated', async () => {
  const t = await newTenant()
  const d = await t.device()
  await put(
    d.deviceId,
    Array.from({ length: 12000 }, (_, i) => [t0 + i * 10, i < 5 ? { a: i, b: i } : { a: i }]),
  )
  const r = await t.api('POST', '/api/v1/telemetry/query', {
    deviceIds: [d.deviceId],
    keys: ['a', 'b'],
    from: t0,
    to: t0 + 1e6,
    aggregation: 'none',
  })
  const j = await r.json<any>()
  console.log(
    'trunc',
    j.truncated,
    j.series.map((s: any) => [s.key, s.points.length]),
  )
  const s = await t.api('POST', '/api/v1/telemetry/query', {
    deviceIds: [d.deviceId],
    keys: ['b'],
    from: t0,
    to: t0 + 1e6,
    aggregation: 'none',
    maxDataPoints: 5,
  })
  const k = await s.json<any>()
  console.log(
    'sparse',
    k.truncated,
    k.series.map((s: any) => [s.key, s.points.length]),
  )
})
it('interval', () => {
  const s = Date.now()
  console.log(intervalFor(4e7 * 864e5, 8e7 * 864e5, 1), Date.now() - s, 'ms')
})
it('seven keys, rows read', async () => {
  const t = await newTenant()
  const d = await t.device()
  await put(
    d.deviceId,
    Array.from({ length: 20000 }, (_, i) => [t0 + i * 10000, { a: i, b: i, c: 1, d: 2, e: 3, f: 4, g: 5 }]),
  )
  const { readBuckets } = await import('../../src/store/read-telemetry.ts')
  const { counted } = await import('../helpers/d1.ts')
  const tally = { statements: 0, rowsRead: 0, rowsWritten: 0 }
  const s = Date.now()
  await readBuckets(counted(env.TELEMETRY_0, tally), {
    deviceIds: [d.deviceId],
    keys: ['a'],
    from: t0,
    to: t0 + 1e12,
    interval: 3600000,
    combine: false,
    aggregation: 'avg',
    limit: 100001,
  })
  console.log(tally, Date.now() - s)
})
