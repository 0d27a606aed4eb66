import * as z from 'zod'
import { limits } from '../domain/limits.ts'
import { aggregations } from '../domain/time-series.ts'

const point = z.tuple([z.number(), z.unknown()])
const epoch = z.number().int().min(0).max(8.64e15)
/** In a query string a number is text. */
const time = z.union([
  epoch,
  z.string().regex(/^\d+$/, 'Epoch ms or ISO 8601').transform(Number).pipe(epoch),
  z.iso.datetime({ offset: true }),
])
const keyList = z.string().max(8192).optional()

export const latestQuery = z.object({ keys: keyList, format: z.enum(['map', 'swagger']).default('map') })
export const latestSchema = z.record(z.string(), z.object({ value: z.unknown(), ts: z.number() }))

export const rangeQuery = z.object({
  keys: keyList,
  from: time.optional(),
  to: time.optional(),
  limit: z.coerce.number().int().min(1).max(limits.queryPoints).default(1_000),
  order: z.enum(['asc', 'desc']).default('asc'),
})
export const rangeSchema = z.record(z.string(), z.array(point))

export const queryBody = z.object({
  deviceIds: z.array(z.string().max(64)).min(1).max(limits.queryDevices),
  keys: z.array(z.string().max(limits.keyLength)).max(limits.queryKeys).default([]),
  from: time.optional(),
  to: time.optional(),
  /** An unknown word is taken as none, as existing apps expect. */
  aggregation: z.union([z.enum(aggregations), z.string().max(64)]).default('none'),
  interval: z
    .number()
    .int()
    .min(1_000)
    .max(366 * 86_400_000)
    .optional(),
  maxDataPoints: z.number().int().min(1).max(limits.queryPoints).optional(),
  combineDevices: z.boolean().default(false),
})
export const querySchema = z.object({
  series: z.array(
    z.object({
      deviceId: z.string().nullable(),
      deviceIds: z.array(z.string()).optional(),
      key: z.string(),
      points: z.array(point),
    }),
  ),
  aggregation: z.enum(aggregations),
  interval: z.number().nullable(),
  truncated: z.boolean(),
})

export const keysSchema = z.array(
  z.object({ key: z.string(), type: z.enum(['number', 'boolean', 'string', 'json']), lastTs: z.number() }),
)
