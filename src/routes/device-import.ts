import { type Context, Hono } from 'hono'
import { decodeText } from '../codec/json.ts'
import { mediaType } from '../codec/media-type.ts'
import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { exportDevices, importTemplate } from '../services/devices/export-devices.ts'
import { importDevices } from '../services/devices/import-devices.ts'
import type { AppEnv } from './app-env.ts'
import { readBody } from './body.ts'
import { importResultSchema, validateResultSchema } from './device-schemas.ts'
import { operation } from './operation.ts'
import { streamCsv } from './stream-csv.ts'

const tag = 'Devices'
const consumes = ['text/csv', 'application/x-ndjson', 'application/json'] as const
const errors = ['payload_malformed', 'payload_too_large', 'unsupported_media_type', 'validation_rejected'] as const

async function readFile(c: Context<AppEnv>): Promise<{ contentType: string; text: string }> {
  const contentType = mediaType(c.req.header('content-type') ?? 'text/csv')
  if (!(consumes as readonly string[]).includes(contentType)) {
    throw new AppError('unsupported_media_type', { detail: `Send ${consumes.join(', ')}.` })
  }
  return { contentType, text: decodeText(await readBody(c, limits.batchBytes)) }
}

/** Mounted before the device routes: "bulk" and "export.csv" are no device ids. */
export const deviceImportRoutes = new Hono<AppEnv>()
  .get(
    '/api/devices/bulk/template.csv',
    operation({
      id: 'importTemplate',
      summary: 'An import file to fill in',
      tag,
      permission: 'read',
      produces: ['text/csv'],
    }),
    (c) => c.body(importTemplate(), 200, { 'content-type': 'text/csv; charset=utf-8' }),
  )
  .get(
    '/api/devices/export.csv',
    operation({ id: 'exportDevices', summary: 'Every device as CSV', tag, permission: 'read', produces: ['text/csv'] }),
    (c) => streamCsv(c, 'devices.csv', exportDevices({ ctx: c.var.ctx })),
  )
  .post(
    '/api/devices/bulk/validate',
    operation({
      id: 'validateImport',
      summary: 'Check an import file; nothing is written',
      tag,
      permission: 'provision',
      isRead: true,
      consumes,
      response: validateResultSchema,
      errors,
    }),
    async (c) => {
      const result = await importDevices({ ctx: c.var.ctx, input: { ...(await readFile(c)), write: false } })
      const { devices, errors: rows, warnings } = result
      return c.json({ valid: devices.length, invalid: rows.length, errors: rows, warnings })
    },
  )
  .post(
    '/api/devices/bulk/import',
    operation({
      id: 'importDevices',
      summary: 'Make the devices of a file; rows that are there already make nothing',
      tag,
      permission: 'provision',
      consumes,
      response: importResultSchema,
      errors,
    }),
    async (c) => c.json(await importDevices({ ctx: c.var.ctx, input: { ...(await readFile(c)), write: true } })),
  )
