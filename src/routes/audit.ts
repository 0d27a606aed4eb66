import { Hono } from 'hono'
import * as z from 'zod'
import { limits } from '../domain/limits.ts'
import { listAudit } from '../services/audit/list-audit.ts'
import type { AppEnv } from './app-env.ts'
import { operation } from './operation.ts'

export const auditQuery = z.object({
  action: z.string().max(64).optional(),
  actor: z.string().max(128).optional(),
  target: z.string().max(255).optional(),
  before: z
    .string()
    .regex(/^\d{1,15}_[0-9a-z:.-]{1,100}$/i)
    .optional(),
  limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).default(limits.pageSize),
})

export const auditPage = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      at: z.number(),
      actor: z.string(),
      actorName: z.string().nullable(),
      address: z.string().nullable(),
      action: z.string(),
      target: z.string().nullable(),
      before: z.unknown(),
      after: z.unknown(),
    }),
  ),
  nextBefore: z.string().nullable(),
})

export const auditRoutes = new Hono<AppEnv>().get(
  '/api/audit',
  operation({
    id: 'listAudit',
    summary: 'What was changed in the tenant, by whom, from where: newest first',
    tag: 'Audit',
    permission: 'admin',
    query: auditQuery,
    response: auditPage,
  }),
  async (c) => c.json(await listAudit({ ctx: c.var.ctx, input: c.req.valid('query') })),
)
