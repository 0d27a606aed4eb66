import { Hono } from 'hono'
import * as z from 'zod'
import { limits } from '../domain/limits.ts'
import { apiScopes } from '../domain/roles.ts'
import { createApiKey } from '../services/api-keys/create-api-key.ts'
import { listApiKeys } from '../services/api-keys/list-api-keys.ts'
import { revokeApiKey } from '../services/api-keys/revoke-api-key.ts'
import { createTenant } from '../services/tenants/create-tenant.ts'
import { getTenant } from '../services/tenants/get-tenant.ts'
import type { AppEnv } from './app-env.ts'
import { operation } from './operation.ts'

const name = z.string().trim().min(1).max(255)
const firstKey = z.object({ tenantId: z.uuid(), apiKey: z.string() })
const apiKey = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  lastFour: z.string(),
  scopes: z.array(z.enum(apiScopes)),
  deviceIds: z.array(z.string()).nullable(),
  createdAt: z.number(),
  expiresAt: z.number().nullable(),
  lastUsedAt: z.number().nullable(),
  revokedAt: z.number().nullable(),
})

export const tenantRoutes = new Hono<AppEnv>()
  .post(
    '/api/tenants',
    operation({
      id: 'createTenant',
      summary: 'Make a further tenant and its admin API key',
      tag: 'Tenants',
      permission: 'setup',
      json: z.object({ name, plan: z.string().max(64).optional() }),
      status: 201,
      response: firstKey,
    }),
    async (c) => {
      const input = { ...c.req.valid('json'), onlyFirst: false }
      return c.json(await createTenant({ ctx: c.var.ctx, input }), 201)
    },
  )
  .get(
    '/api/tenant',
    operation({
      id: 'getTenant',
      summary: 'The tenant that the caller speaks for',
      tag: 'Tenants',
      permission: 'read',
      response: z.object({
        tenantId: z.string(),
        name: z.string(),
        plan: z.string(),
        createdAt: z.number(),
        updatedAt: z.number(),
      }),
    }),
    async (c) => c.json(await getTenant({ ctx: c.var.ctx })),
  )
  .get(
    '/api/api-keys',
    operation({
      id: 'listApiKeys',
      summary: 'API keys of the tenant, newest first, without the keys themselves',
      tag: 'API keys',
      permission: 'admin',
      response: z.object({ items: z.array(apiKey) }),
    }),
    async (c) => c.json({ items: await listApiKeys({ ctx: c.var.ctx }) }),
  )
  .post(
    '/api/api-keys',
    operation({
      id: 'createApiKey',
      summary: 'Make an API key; it is shown this once',
      tag: 'API keys',
      permission: 'admin',
      json: z.object({
        name,
        scopes: z.array(z.enum(apiScopes)).min(1).max(apiScopes.length),
        expiresAt: z.number().int().positive().nullish(),
        deviceIds: z.array(z.string().max(64)).min(1).max(limits.apiKeyDevices).nullish(),
      }),
      status: 201,
      response: apiKey.extend({ apiKey: z.string() }),
      errors: ['device_not_found', 'conflict'],
    }),
    async (c) => c.json(await createApiKey({ ctx: c.var.ctx, input: c.req.valid('json') }), 201),
  )
  .delete(
    '/api/api-keys/:id',
    operation({
      id: 'revokeApiKey',
      summary: 'Revoke an API key, at once',
      tag: 'API keys',
      permission: 'admin',
      status: 204,
      errors: ['api_key_not_found', 'conflict'],
    }),
    async (c) => {
      await revokeApiKey({ ctx: c.var.ctx, input: { id: c.req.param('id') } })
      return c.body(null, 204)
    },
  )
