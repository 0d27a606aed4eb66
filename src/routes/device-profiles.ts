import { Hono } from 'hono'
import * as z from 'zod'
import { limits } from '../domain/limits.ts'
import { deviceType, inactivityTimeout, retentionDays } from '../services/devices/device-fields.ts'
import { alarmRulesSchema, profileKeysSchema } from '../services/profiles/alarm-rule-schema.ts'
import { createProfile } from '../services/profiles/create-profile.ts'
import { decoderSchema } from '../services/profiles/decoder-schema.ts'
import { deleteProfile } from '../services/profiles/delete-profile.ts'
import { ensureDefaultProfile } from '../services/profiles/ensure-default-profile.ts'
import { getProfile } from '../services/profiles/get-profile.ts'
import { listProfiles } from '../services/profiles/list-profiles.ts'
import { updateProfile } from '../services/profiles/update-profile.ts'
import type { AppEnv } from './app-env.ts'
import { operation } from './operation.ts'

const tag = 'Device profiles'
const missing = ['device_profile_not_found'] as const

const name = z.string().trim().min(1).max(limits.nameLength)
const fields = {
  type: deviceType.nullish(),
  description: z.string().max(1_000).nullish(),
  inactivityTimeoutMs: inactivityTimeout.nullish(),
  retentionDays: retentionDays.nullish(),
  rollupRetentionDays: retentionDays.nullish(),
  keys: profileKeysSchema.optional(),
  alarms: alarmRulesSchema.optional(),
  decoder: decoderSchema.nullish(),
}
const createSchema = z.object({ name, ...fields })
const updateSchema = z.object({ name: name.optional(), ...fields })

const profileSchema = z.object({
  profileId: z.string(),
  name: z.string(),
  type: z.string().nullable(),
  description: z.string().nullable(),
  isDefault: z.boolean(),
  inactivityTimeoutMs: z.number().nullable(),
  retentionDays: z.number().nullable(),
  rollupRetentionDays: z.number().nullable(),
  keys: profileKeysSchema,
  alarms: alarmRulesSchema,
  decoder: decoderSchema.nullable(),
  createdAt: z.number(),
  updatedAt: z.number(),
})

const change = { tag, permission: 'write', json: updateSchema, response: profileSchema, errors: missing } as const

export const deviceProfileRoutes = new Hono<AppEnv>()
  .get(
    '/api/device-profiles',
    operation({
      id: 'listDeviceProfiles',
      summary: 'Device profiles of the tenant, by name; the default one is always there',
      tag,
      permission: 'read',
      response: z.object({ items: z.array(profileSchema) }),
    }),
    async (c) => c.json({ items: await listProfiles({ ctx: c.var.ctx }) }),
  )
  .post(
    '/api/device-profiles',
    operation({
      id: 'createDeviceProfile',
      summary: 'Make a device profile; its decoder reads the bytes that a network server did not decode',
      tag,
      permission: 'write',
      json: createSchema,
      status: 201,
      response: profileSchema,
    }),
    async (c) => c.json(await createProfile({ ctx: c.var.ctx, input: c.req.valid('json') }), 201),
  )
  .get(
    '/api/device-profiles/ensure-default',
    operation({
      id: 'ensureDefaultDeviceProfile',
      summary: 'The default profile; it is made where there is none',
      tag,
      permission: 'write',
      response: profileSchema,
    }),
    async (c) => {
      const { id } = await ensureDefaultProfile({ ctx: c.var.ctx })
      return c.json(await getProfile({ ctx: c.var.ctx, input: { id } }))
    },
  )
  .get(
    '/api/device-profiles/:id',
    operation({
      id: 'getDeviceProfile',
      summary: 'One device profile',
      tag,
      permission: 'read',
      response: profileSchema,
      errors: missing,
    }),
    async (c) => c.json(await getProfile({ ctx: c.var.ctx, input: { id: c.req.param('id') } })),
  )
  .patch(
    '/api/device-profiles/:id',
    operation({ ...change, id: 'updateDeviceProfile', summary: 'Change a device profile; null clears a field' }),
    async (c) =>
      c.json(await updateProfile({ ctx: c.var.ctx, input: { ...c.req.valid('json'), id: c.req.param('id') } })),
  )
  .put(
    '/api/device-profiles/:id',
    operation({ ...change, id: 'putDeviceProfile', summary: 'The same as PATCH, as existing apps call it' }),
    async (c) =>
      c.json(await updateProfile({ ctx: c.var.ctx, input: { ...c.req.valid('json'), id: c.req.param('id') } })),
  )
  .delete(
    '/api/device-profiles/:id',
    operation({
      id: 'deleteDeviceProfile',
      summary: 'Delete a device profile; its devices follow the default one',
      tag,
      permission: 'write',
      status: 204,
      errors: [...missing, 'conflict'],
    }),
    async (c) => {
      await deleteProfile({ ctx: c.var.ctx, input: { id: c.req.param('id') } })
      return c.body(null, 204)
    },
  )
