import { Hono } from 'hono'
import * as z from 'zod'
import { limits } from '../domain/limits.ts'
import { deviceName, deviceType } from '../services/devices/device-fields.ts'
import { forgetChirpstackApi } from '../services/downlinks/forget-chirpstack-api.ts'
import { setChirpstackApi } from '../services/downlinks/set-chirpstack-api.ts'
import { approveDevices, approveEntry } from '../services/webhooks/approve-devices.ts'
import { deleteInboxEntry } from '../services/webhooks/delete-inbox-entry.ts'
import { getInboxEntry } from '../services/webhooks/get-inbox-entry.ts'
import { getWebhooks } from '../services/webhooks/get-webhooks.ts'
import { listInbox } from '../services/webhooks/list-inbox.ts'
import { replayEntry, replayInbox } from '../services/webhooks/replay-inbox.ts'
import { revokeSecret } from '../services/webhooks/revoke-secret.ts'
import { rotateSecret } from '../services/webhooks/rotate-secret.ts'
import { updateWebhookSettings } from '../services/webhooks/update-settings.ts'
import { webhookSettingsSchema } from '../services/webhooks/webhook-settings.ts'
import type { AppEnv } from './app-env.ts'
import { pipelineContext } from './device-door.ts'
import { flag } from './device-schemas.ts'
import { operation } from './operation.ts'

const tag = 'Webhooks'
const missing = ['inbox_entry_not_found'] as const

const webhooksSchema = z.object({
  webhooks: z.array(z.object({ connector: z.string(), title: z.string(), url: z.string() })).readonly(),
  secret: z
    .object({
      lastFour: z.string(),
      createdAt: z.number(),
      lastUsedAt: z.number().nullable(),
      previousExpiresAt: z.number().nullable(),
    })
    .nullable(),
  settings: webhookSettingsSchema,
  downlinks: z.object({
    canKeepKeys: z.boolean(),
    chirpstack: z.object({ apiUrl: z.string(), lastFour: z.string(), setAt: z.number() }).nullable(),
  }),
  inboxed: z.number(),
})

const entrySchema = z.object({
  id: z.string(),
  connector: z.string(),
  receivedAt: z.number(),
  reason: z.string(),
  detail: z.string(),
  devEui: z.string().nullable(),
  contentType: z.string(),
  query: z.record(z.string(), z.string()),
  bytes: z.number(),
  replayedAt: z.number().nullable(),
})
const replayedSchema = z.object({
  id: z.string(),
  accepted: z.number(),
  isDone: z.boolean(),
  reason: z.string().optional(),
  detail: z.string().optional(),
})
const approvedSchema = z.object({
  id: z.string(),
  deviceId: z.string(),
  name: z.string(),
  replayed: replayedSchema,
  alsoReplayed: z.number(),
})

const filter = {
  reason: z.string().max(64).optional(),
  connector: z.string().max(64).optional(),
  devEui: z.string().max(64).optional(),
}
const listQuery = z.object({
  ...filter,
  all: flag.optional(),
  before: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).default(limits.pageSize),
})

export const integrationRoutes = new Hono<AppEnv>()
  .get(
    '/api/tenant/integrations',
    operation({
      id: 'getWebhooks',
      summary: 'What to enter at a network server, how its secret is used, and the settings',
      tag,
      permission: 'read',
      response: webhooksSchema,
      errors: ['migrations_pending'],
    }),
    async (c) => c.json(await getWebhooks({ ctx: c.var.ctx })),
  )
  .patch(
    '/api/tenant/integrations',
    operation({
      id: 'updateWebhookSettings',
      summary: 'Unknown devices, radio facts, which payload of The Things Stack, where downlinks may go',
      tag,
      permission: 'admin',
      json: webhookSettingsSchema.partial(),
      response: webhooksSchema,
    }),
    async (c) => c.json(await updateWebhookSettings({ ctx: c.var.ctx, input: c.req.valid('json') })),
  )
  .put(
    '/api/tenant/integrations/chirpstack',
    operation({
      id: 'setChirpstackApi',
      summary: 'Where ChirpStack takes downlinks: the address of its REST API, and a key, which is kept encrypted',
      tag,
      permission: 'admin',
      json: z.object({
        apiUrl: z.string().max(limits.outgoingUrlLength),
        apiKey: z.string().min(1).max(limits.outgoingUrlLength).regex(/^\S+$/),
      }),
      response: webhooksSchema,
      errors: ['not_offered'],
    }),
    async (c) => c.json(await setChirpstackApi({ ctx: c.var.ctx, input: c.req.valid('json') })),
  )
  .delete(
    '/api/tenant/integrations/chirpstack',
    operation({
      id: 'forgetChirpstackApi',
      summary: 'Give nothing to ChirpStack any more',
      tag,
      permission: 'admin',
      status: 204,
    }),
    async (c) => {
      await forgetChirpstackApi({ ctx: c.var.ctx })
      return c.body(null, 204)
    },
  )
  .post(
    '/api/tenant/integrations/secret',
    operation({
      id: 'rotateWebhookSecret',
      summary: 'Make the webhook secret, or a new one: it is shown this once, and the last is taken for 24 h more',
      tag,
      permission: 'admin',
      json: z.object({ revokePrevious: z.boolean().default(false) }),
      status: 201,
      response: z.object({
        secret: z.string(),
        lastFour: z.string(),
        createdAt: z.number(),
        previousExpiresAt: z.number().nullable(),
      }),
      errors: ['migrations_pending'],
    }),
    async (c) => c.json(await rotateSecret({ ctx: c.var.ctx, input: c.req.valid('json') }), 201),
  )
  .delete(
    '/api/tenant/integrations/secret',
    operation({
      id: 'revokeWebhookSecret',
      summary: 'Revoke the webhook secret, or with ?which=previous the one before it',
      tag,
      permission: 'admin',
      query: z.object({ which: z.enum(['all', 'previous']).default('all') }),
      status: 204,
      errors: ['migrations_pending'],
    }),
    async (c) => {
      await revokeSecret({ ctx: c.var.ctx, input: c.req.valid('query') })
      return c.body(null, 204)
    },
  )
  // Bodies may hold device tokens: the inbox is for those who may see them.
  .get(
    '/api/tenant/integrations/inbox',
    operation({
      id: 'listInbox',
      summary: 'Webhook calls that did not become readings, newest first, for 7 days',
      tag,
      permission: 'write',
      query: listQuery,
      response: z.object({ items: z.array(entrySchema), nextBefore: z.string().nullable() }),
    }),
    async (c) => c.json(await listInbox({ ctx: c.var.ctx, input: c.req.valid('query') })),
  )
  .post(
    '/api/tenant/integrations/inbox/replay',
    operation({
      id: 'replayInbox',
      summary: `Replay the entries that a filter leaves, ${limits.inboxBulk} at a time`,
      tag,
      permission: 'write',
      json: z.object(filter),
      response: z.object({ items: z.array(replayedSchema).readonly(), isMore: z.boolean() }),
    }),
    async (c) => {
      const input = { filter: c.req.valid('json'), pipeline: pipelineContext(c) }
      return c.json(await replayInbox({ ctx: c.var.ctx, input }))
    },
  )
  .post(
    '/api/tenant/integrations/inbox/approve',
    operation({
      id: 'approveDevices',
      summary: `Make devices of the unknown ones of these entries, or of all, ${limits.inboxBulk} at a time`,
      tag,
      permission: 'write',
      json: z.object({ ids: z.array(z.string().max(64)).min(1).max(limits.inboxBulk).optional() }),
      response: z.object({
        items: z.array(approvedSchema),
        failed: z.array(z.object({ id: z.string(), code: z.string(), detail: z.string() })),
        isMore: z.boolean(),
      }),
    }),
    async (c) => {
      const input = { ...c.req.valid('json'), pipeline: pipelineContext(c) }
      return c.json(await approveDevices({ ctx: c.var.ctx, input }))
    },
  )
  .get(
    '/api/tenant/integrations/inbox/:id',
    operation({
      id: 'getInboxEntry',
      summary: 'One entry with its body',
      tag,
      permission: 'write',
      response: entrySchema.extend({ body: z.string().optional(), raw: z.string().optional() }),
      errors: missing,
    }),
    async (c) => c.json(await getInboxEntry({ ctx: c.var.ctx, input: { id: c.req.param('id') } })),
  )
  .delete(
    '/api/tenant/integrations/inbox/:id',
    operation({
      id: 'deleteInboxEntry',
      summary: 'Dismiss an entry',
      tag,
      permission: 'write',
      status: 204,
      errors: missing,
    }),
    async (c) => {
      await deleteInboxEntry({ ctx: c.var.ctx, input: { id: c.req.param('id') } })
      return c.body(null, 204)
    },
  )
  .post(
    '/api/tenant/integrations/inbox/:id/replay',
    operation({
      id: 'replayInboxEntry',
      summary: 'Take the call again, after a mapping or a decoder was mended',
      tag,
      permission: 'write',
      response: replayedSchema,
      errors: missing,
    }),
    async (c) => {
      const input = { id: c.req.param('id'), pipeline: pipelineContext(c) }
      return c.json(await replayEntry({ ctx: c.var.ctx, input }))
    },
  )
  .post(
    '/api/tenant/integrations/inbox/:id/approve',
    operation({
      id: 'approveDevice',
      summary: 'Make a device of the unknown one of this entry, or name the device that it is, and replay the entry',
      tag,
      permission: 'write',
      json: z.object({
        name: deviceName.optional(),
        deviceType: deviceType.optional(),
        profileId: z.string().max(64).optional(),
        deviceId: z.string().max(64).optional(),
      }),
      response: approvedSchema,
      errors: ['inbox_entry_not_found', 'device_not_found', 'conflict'],
    }),
    async (c) => {
      const input = { ...c.req.valid('json'), id: c.req.param('id'), pipeline: pipelineContext(c) }
      return c.json(await approveEntry({ ctx: c.var.ctx, input }))
    },
  )
