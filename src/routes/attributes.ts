import { Hono } from 'hono'
import * as z from 'zod'
import { type Attribute, attributeScopes } from '../domain/attribute.ts'
import { deleteAttribute } from '../services/attributes/delete-attribute.ts'
import { listAttributeKeys } from '../services/attributes/list-attribute-keys.ts'
import { listAttributes } from '../services/attributes/list-attributes.ts'
import { saveAttributes } from '../services/attributes/save-attributes.ts'
import type { AppEnv } from './app-env.ts'
import { operation, validate } from './operation.ts'

/** Apps write SHARED, CLIENT and SERVER; any case is taken. */
export const scopeSchema = z.string().toLowerCase().pipe(z.enum(attributeScopes))

const attributeSchema = z.object({
  key: z.string(),
  value: z.unknown(),
  scope: z.enum(['CLIENT', 'SHARED', 'SERVER']),
  updatedTs: z.number(),
  updated_ts: z.number(),
})

function toView({ key, value, scope, updatedAt }: Attribute): z.input<typeof attributeSchema> {
  const name = scope.toUpperCase() as 'CLIENT' | 'SHARED' | 'SERVER'
  return { key, value, scope: name, updatedTs: updatedAt, updated_ts: updatedAt }
}

const tag = 'Attributes'
const keys = z.array(z.object({ key: z.string() }))

export const attributeRoutes = new Hono<AppEnv>()
  .get(
    '/api/attributes/keys',
    operation({
      id: 'list-attribute-keys',
      summary: "Keys of all the tenant's attributes",
      tag,
      permission: 'read',
      response: keys,
    }),
    async (c) => c.json(await listAttributeKeys({ ctx: c.var.ctx })),
  )
  .get(
    '/api/devices/:id/attributes',
    operation({
      id: 'list-attributes',
      summary: "A device's attributes, of one scope or all",
      tag,
      permission: 'read',
      query: z.object({ scope: scopeSchema.optional() }),
      response: z.array(attributeSchema),
      errors: ['device_not_found'],
    }),
    async (c) => {
      const { scope } = c.req.valid('query')
      const found = await listAttributes({ ctx: c.var.ctx, input: { id: c.req.param('id'), scope } })
      return c.json(found.map(toView))
    },
  )
  .post(
    '/api/devices/:id/attributes',
    operation({
      id: 'save-attributes',
      summary: 'Saves attributes; shared ones are told to the device at once. Null deletes',
      tag,
      permission: 'operate',
      json: z.object({ scope: scopeSchema.default('shared'), attributes: z.unknown() }),
      response: z.array(attributeSchema),
      errors: ['device_not_found', 'validation_rejected', 'unavailable'],
    }),
    async (c) => {
      const { scope, attributes } = c.req.valid('json')
      const saved = await saveAttributes({ ctx: c.var.ctx, input: { id: c.req.param('id'), scope, attributes } })
      return c.json(saved.map(toView))
    },
  )
  .get(
    '/api/devices/:id/attributes/keys',
    operation({
      id: 'list-device-attribute-keys',
      summary: "Keys of a device's attributes, with their scopes",
      tag,
      permission: 'read',
      response: z.array(z.object({ key: z.string(), scope: z.string() })),
      errors: ['device_not_found'],
    }),
    async (c) => {
      const found = await listAttributes({ ctx: c.var.ctx, input: { id: c.req.param('id') } })
      return c.json(found.map(toView).map(({ key, scope }) => ({ key, scope })))
    },
  )
  .delete(
    '/api/devices/:id/attributes/:scope/:key',
    operation({
      id: 'delete-attribute',
      summary: 'Deletes an attribute; of a shared one the device is told',
      tag,
      permission: 'operate',
      status: 204,
      errors: ['device_not_found', 'not_found'],
    }),
    async (c) => {
      const scope = validate(scopeSchema, c.req.param('scope'), 'path') as z.output<typeof scopeSchema>
      await deleteAttribute({ ctx: c.var.ctx, input: { id: c.req.param('id'), scope, key: c.req.param('key') } })
      return c.body(null, 204)
    },
  )
