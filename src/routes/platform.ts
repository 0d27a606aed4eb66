import { Hono } from 'hono'
import * as z from 'zod'
import { limits } from '../domain/limits.ts'
import { listAudit } from '../services/audit/list-audit.ts'
import { emailSchema } from '../services/people/email.ts'
import { countRemains, deleteTenant } from '../services/platform/delete-tenant.ts'
import { exportTenant } from '../services/platform/export-tenant.ts'
import { listPlans } from '../services/platform/list-plans.ts'
import { addOperator, listOperators, removeOperator } from '../services/platform/operators.ts'
import { changeTenant, createTenantFor, listTenants, requireTenant } from '../services/platform/tenants.ts'
import type { AppEnv } from './app-env.ts'
import { auditPage, auditQuery } from './audit.ts'
import { newInvitationSchema } from './members.ts'
import { operation } from './operation.ts'
import { streamLines } from './stream-csv.ts'

const platform = { tag: 'Platform', permission: 'platform' } as const
const missing = ['tenant_not_found'] as const
const name = z.string().trim().min(1).max(limits.nameLength)
const planId = z.string().max(64)
const tenantSchema = z.object({
  tenantId: z.string(),
  name: z.string(),
  plan: z.string(),
  suspendedAt: z.number().nullable(),
  createdAt: z.number(),
  devices: z.number(),
  members: z.number(),
  apiKeys: z.number(),
  readingsToday: z.number().nullable(),
})
const operatorSchema = z.object({ personId: z.string(), email: z.string(), name: z.string().nullable() })
const limit = z.number().nullable()
const planSchema = z.object({
  id: z.string(),
  title: z.string(),
  maxDevices: limit,
  maxUsers: limit,
  maxDashboards: limit,
  telemetryPerMinute: limit,
  telemetryPerDay: limit,
  retentionDays: limit,
  rollupRetentionDays: limit,
})
const counts = z.record(z.string(), z.number())

/** For those who run the installation: they decide over tenants, and see none of their devices or readings. */
export const platformRoutes = new Hono<AppEnv>()
  .get(
    '/api/plans',
    operation({
      id: 'listPlans',
      summary: 'Plans and their limits; null is not limited',
      tag: 'Platform',
      permission: 'public',
      response: z.object({ items: z.array(planSchema) }),
    }),
    async (c) => c.json({ items: await listPlans({ ctx: c.var.ctx }) }),
  )
  .get(
    '/api/platform/tenants',
    operation({
      ...platform,
      id: 'listTenants',
      summary: 'Every tenant with what it uses',
      query: z.object({
        search: z.string().max(limits.nameLength).optional(),
        after: z.string().max(64).optional(),
        limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).default(limits.pageSize),
      }),
      response: z.object({ items: z.array(tenantSchema), nextAfter: z.string().nullable() }),
    }),
    async (c) => c.json(await listTenants({ ctx: c.var.ctx, input: c.req.valid('query') })),
  )
  .post(
    '/api/platform/tenants',
    operation({
      ...platform,
      id: 'createTenantFor',
      summary: 'Make a tenant and the invitation of its owner, which is shown this once',
      json: z.object({ name, plan: planId.default('default'), ownerEmail: emailSchema }),
      status: 201,
      response: z.object({ tenantId: z.string(), invitation: newInvitationSchema }),
    }),
    async (c) => c.json(await createTenantFor({ ctx: c.var.ctx, input: c.req.valid('json') }), 201),
  )
  .get(
    '/api/platform/tenants/:tenantId',
    operation({
      ...platform,
      id: 'getTenantUsage',
      summary: 'One tenant with what it uses',
      response: tenantSchema,
      errors: missing,
    }),
    async (c) => {
      const { id: _, ...tenant } = await requireTenant(c.var.ctx, c.req.param('tenantId'))
      return c.json(tenant)
    },
  )
  .patch(
    '/api/platform/tenants/:tenantId',
    operation({
      ...platform,
      id: 'changeTenant',
      summary: 'Rename it, give it a plan, suspend it or let it go on',
      json: z.object({ name: name.optional(), plan: planId.optional(), isSuspended: z.boolean().optional() }),
      response: tenantSchema,
      errors: missing,
    }),
    async (c) =>
      c.json(await changeTenant({ ctx: c.var.ctx, input: { ...c.req.valid('json'), id: c.req.param('tenantId') } })),
  )
  .get(
    '/api/platform/tenants/:tenantId/export',
    operation({
      ...platform,
      id: 'exportTenant',
      summary: 'Everything of a tenant, a JSON object a line, device tokens and readings included',
      produces: ['application/x-ndjson'],
      errors: missing,
    }),
    (c) => {
      const lines = exportTenant({ ctx: c.var.ctx, input: { id: c.req.param('tenantId') } })
      return streamLines(c, 'application/x-ndjson', 'tenant.ndjson', lines)
    },
  )
  .get(
    '/api/platform/tenants/:tenantId/remains',
    operation({
      ...platform,
      id: 'countRemains',
      summary: 'What is there of a tenant, by table: after a deletion, the proof',
      response: z.object({ isGone: z.boolean(), remains: counts }),
    }),
    async (c) => c.json(await countRemains({ ctx: c.var.ctx, input: { id: c.req.param('tenantId') } })),
  )
  .delete(
    '/api/platform/tenants/:tenantId',
    operation({
      ...platform,
      id: 'deleteTenant',
      summary: 'Delete a tenant and everything of it; its readings are removed soon after',
      json: z.object({ name: z.string() }),
      response: z.object({ deleted: counts }),
      errors: missing,
    }),
    async (c) =>
      c.json(await deleteTenant({ ctx: c.var.ctx, input: { ...c.req.valid('json'), id: c.req.param('tenantId') } })),
  )
  .get(
    '/api/platform/operators',
    operation({
      ...platform,
      id: 'listOperators',
      summary: 'Who runs the installation',
      response: z.object({ items: z.array(operatorSchema) }),
    }),
    async (c) => c.json({ items: await listOperators({ ctx: c.var.ctx }) }),
  )
  .post(
    '/api/platform/operators',
    operation({
      ...platform,
      id: 'addOperator',
      summary: 'Make somebody who has an account an operator',
      json: z.object({ email: emailSchema }),
      status: 201,
      response: operatorSchema,
      errors: ['member_not_found'],
    }),
    async (c) => c.json(await addOperator({ ctx: c.var.ctx, input: c.req.valid('json') }), 201),
  )
  .delete(
    '/api/platform/operators/:personId',
    operation({
      ...platform,
      id: 'removeOperator',
      summary: 'Make an operator a person like others; the last one stays',
      status: 204,
      errors: ['member_not_found', 'conflict'],
    }),
    async (c) => {
      await removeOperator({ ctx: c.var.ctx, input: { personId: c.req.param('personId') } })
      return c.body(null, 204)
    },
  )
  .get(
    '/api/platform/audit',
    operation({
      ...platform,
      id: 'listPlatformAudit',
      summary: 'What was changed on the platform, and sign-ins: newest first',
      query: auditQuery,
      response: auditPage,
    }),
    async (c) => c.json(await listAudit({ ctx: c.var.ctx, input: c.req.valid('query') })),
  )
