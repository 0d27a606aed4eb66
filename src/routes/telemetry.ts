import { type Context, Hono } from 'hono'
import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { type Aggregation, aggregations } from '../domain/time-series.ts'
import { exportDevice, exportReadings } from '../services/devices/export-device.ts'
import { latestTelemetry } from '../services/telemetry/latest-telemetry.ts'
import { listDeviceKeys, listKeys } from '../services/telemetry/list-keys.ts'
import { queryTelemetry } from '../services/telemetry/query-telemetry.ts'
import { rangeTelemetry } from '../services/telemetry/range-telemetry.ts'
import type { AppEnv } from './app-env.ts'
import { operation } from './operation.ts'
import { streamCsv, streamLines } from './stream-csv.ts'
import { queryLines, rangeLines } from './telemetry-csv.ts'
import {
  keysSchema,
  latestQuery,
  latestSchema,
  queryBody,
  querySchema,
  rangeQuery,
  rangeSchema,
} from './telemetry-schemas.ts'

const tag = 'Telemetry'
const errors = ['device_not_found'] as const
const produces = ['application/json', 'text/csv'] as const
const read = { tag, permission: 'read', errors } as const

function wantsCsv(c: Context): boolean {
  return (c.req.header('accept') ?? '').includes('text/csv')
}

function splitKeys(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((key) => key.trim())
    .filter((key) => key !== '')
}

/**
 * Without an end, raw readings are read up to the newest: a burst has arrival times a little ahead of the clock.
 * @throws AppError validation_rejected where it ends before it begins
 */
function toRange(from: number | string | undefined, to: number | string | undefined, now: number, isRaw: boolean) {
  const given = typeof to === 'string' ? Date.parse(to) : to
  const end = given ?? (isRaw ? now + limits.arrivalLeadMs : now)
  const begin = typeof from === 'string' ? Date.parse(from) : from
  const start = begin ?? (given ?? now) - limits.defaultRangeMs
  if (start <= end) return { from: start, to: end }
  const detail = 'The range ends before it begins.'
  throw new AppError('validation_rejected', {
    reason: 'field_invalid',
    detail,
    errors: [{ pointer: 'to', code: 'invalid', detail }],
  })
}

const keysOf = (id: string) =>
  operation({ ...read, id, summary: 'Keys that a device sent, with type and newest time', response: keysSchema })
const keysOfTenant = (id: string) =>
  operation({ ...read, id, summary: 'Keys of all devices of the tenant', response: keysSchema })

/** Mounted before the device routes: /api/devices/keys is no device. */
export const telemetryRoutes = new Hono<AppEnv>()
  .get('/api/devices/keys', keysOfTenant('listTenantKeys'), async (c) => c.json(await listKeys({ ctx: c.var.ctx })))
  .get('/api/telemetry/keys', keysOfTenant('listTelemetryKeys'), async (c) =>
    c.json(await listKeys({ ctx: c.var.ctx })),
  )
  .get('/api/devices/:id/keys', keysOf('listDeviceKeys'), async (c) =>
    c.json(await listDeviceKeys({ ctx: c.var.ctx, input: { id: c.req.param('id') } })),
  )
  .get('/api/devices/:id/telemetry/keys', keysOf('listDeviceTelemetryKeys'), async (c) =>
    c.json(await listDeviceKeys({ ctx: c.var.ctx, input: { id: c.req.param('id') } })),
  )
  .get(
    '/api/devices/:id/telemetry/latest',
    operation({
      ...read,
      id: 'latestTelemetry',
      summary: 'The newest value of each key',
      query: latestQuery,
      response: latestSchema,
    }),
    async (c) => {
      const { keys, format } = c.req.valid('query')
      const input = { id: c.req.param('id'), keys: splitKeys(keys) }
      const { deviceId, values } = await latestTelemetry({ ctx: c.var.ctx, input })
      if (format === 'map') return c.json(values)
      const entries = Object.entries(values)
      const ts = entries.reduce((newest, [, value]) => Math.max(newest, value.ts), 0)
      return c.json({ deviceId, values: Object.fromEntries(entries.map(([key, { value }]) => [key, value])), ts })
    },
  )
  .get(
    '/api/devices/:id/telemetry/range',
    operation({
      ...read,
      id: 'rangeTelemetry',
      summary: 'Readings of a device in a range',
      query: rangeQuery,
      response: rangeSchema,
      produces,
    }),
    async (c) => {
      const { keys, from, to, limit, order } = c.req.valid('query')
      const range = toRange(from, to, c.var.ctx.now, true)
      const input = { id: c.req.param('id'), keys: splitKeys(keys), ...range, limit, descending: order === 'desc' }
      const result = await rangeTelemetry({ ctx: c.var.ctx, input })
      if (result.nextTo !== null) {
        const next = new URL(c.req.url)
        next.searchParams.set('from', String(range.from))
        next.searchParams.set('to', String(result.nextTo))
        c.header('x-next-to', String(result.nextTo))
        c.header('link', `<${next.pathname}${next.search}>; rel="next"`)
      }
      return wantsCsv(c)
        ? streamCsv(c, 'telemetry.csv', rangeLines(result.series, input.descending))
        : c.json(result.series)
    },
  )
  .get(
    '/api/devices/:id/export',
    operation({
      ...read,
      id: 'exportDevice',
      summary: 'Everything of a device, a JSON object a line; as CSV its readings, a line a value',
      produces: ['application/x-ndjson', 'text/csv'],
    }),
    (c) => {
      const asked = { ctx: c.var.ctx, input: { id: c.req.param('id') } }
      return wantsCsv(c)
        ? streamCsv(c, 'readings.csv', exportReadings(asked))
        : streamLines(c, 'application/x-ndjson', 'device.ndjson', exportDevice(asked))
    },
  )
  .post(
    '/api/v1/telemetry/query',
    operation({
      ...read,
      id: 'queryTelemetry',
      isNarrowed: true,
      isRead: true,
      summary: 'Series of several devices and keys, raw or aggregated',
      json: queryBody,
      response: querySchema,
      produces,
    }),
    async (c) => {
      const { from, to, aggregation, ...rest } = c.req.valid('json')
      const known = (aggregations as readonly string[]).includes(aggregation) ? (aggregation as Aggregation) : 'none'
      const input = { ...rest, ...toRange(from, to, c.var.ctx.now, known === 'none'), aggregation: known }
      const result = await queryTelemetry({ ctx: c.var.ctx, input })
      return wantsCsv(c) ? streamCsv(c, 'telemetry.csv', queryLines(result.series)) : c.json(result)
    },
  )
