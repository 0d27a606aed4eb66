import { Hono } from 'hono'
import * as z from 'zod'
import { errorCatalog, errorReasons } from '../domain/errors.ts'
import { describeCatalog } from '../services/catalog/describe-catalog.ts'
import { checkHealth } from '../services/check-health.ts'
import type { AppEnv } from './app-env.ts'
import { operation } from './operation.ts'

/** `postgres` and `redis` are the names that existing sketches were shown; they stand for the two databases. */
const healthz = z.object({ status: z.string(), postgres: z.string(), redis: z.string(), timestamp: z.iso.datetime() })
const health = z.object({ status: z.string(), service: z.string(), timestamp: z.iso.datetime() })
const publicOperation = { tag: 'Service', permission: 'public' } as const

export const publicRoutes = new Hono<AppEnv>()
  .get(
    '/health',
    operation({ ...publicOperation, id: 'health', summary: 'Is the Worker up?', response: health }),
    (c) => c.json({ status: 'ok', service: 'autoconnecto-edge', timestamp: new Date().toISOString() }),
  )
  .get(
    '/healthz',
    operation({ ...publicOperation, id: 'healthz', summary: 'Do the databases answer?', response: healthz }),
    async (c) => {
      const { registry, telemetry } = await checkHealth({ world: c.var.world })
      const ok = registry === 'ok' && telemetry === 'ok'
      const body = { status: ok ? 'ok' : 'degraded', postgres: registry, redis: telemetry }
      return c.json({ ...body, timestamp: new Date().toISOString() }, ok ? 200 : 503)
    },
  )
  .get(
    '/api/v1/connectivity/catalog',
    operation({
      ...publicOperation,
      id: 'catalog',
      summary: 'Every way in, with its endpoint template',
      response: z.looseObject({ service: z.string(), baseUrl: z.string(), transports: z.array(z.looseObject({})) }),
    }),
    (c) => c.json(describeCatalog({ baseUrl: c.var.ctx.baseUrl })),
  )
  .get(
    '/api/errors',
    operation({
      ...publicOperation,
      id: 'errors',
      summary: 'Every error code and reason',
      response: z.object({ codes: z.looseObject({}), reasons: z.record(z.string(), z.string()) }),
    }),
    (c) => c.json({ codes: errorCatalog, reasons: errorReasons }),
  )
