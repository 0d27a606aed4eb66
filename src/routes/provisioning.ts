import { Hono } from 'hono'
import * as z from 'zod'
import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { deviceName } from '../services/devices/device-fields.ts'
import { checkProvisioningKey, provisionDevice } from '../services/provisioning/provision-device.ts'
import {
  deleteProvisioning,
  getProvisioning,
  rotateProvisioning,
  updateProvisioning,
} from '../services/provisioning/provisioning-keys.ts'
import { countProvisioning, countUnknownToken } from '../services/rate-gate.ts'
import type { AppEnv } from './app-env.ts'
import { addressOf } from './authenticate.ts'
import { operation } from './operation.ts'

const tag = 'Provisioning'
const viewSchema = z.object({
  key: z.string(),
  lastFour: z.string(),
  isEnabled: z.boolean(),
  allowsAgain: z.boolean(),
  createdAt: z.number(),
  lastUsedAt: z.number().nullable(),
})
const ofProfile = { tag, permission: 'admin', errors: ['device_profile_not_found'] } as const
const path = '/api/device-profiles/:id/provisioning'

export const provisioningRoutes = new Hono<AppEnv>()
  .post(
    '/api/v1/provision',
    operation({
      id: 'provisionDevice',
      summary: 'A device enrols itself with the key and secret of its firmware, and gets its token',
      tag: 'Device',
      permission: 'public',
      json: z.object({
        key: z.string().max(64),
        secret: z.string().max(128),
        hardwareId: z
          .string()
          .trim()
          .min(4)
          .max(limits.hardwareIdLength)
          .regex(/^[\w.:+-]+$/),
        name: deviceName.optional(),
      }),
      response: z.object({
        deviceId: z.string(),
        token: z.string(),
        name: z.string(),
        profileId: z.string(),
        isNew: z.boolean(),
      }),
      errors: ['unauthenticated', 'conflict', 'quota_exceeded'],
      isRead: true,
    }),
    async (c) => {
      const { key, secret, ...device } = c.req.valid('json')
      try {
        const row = await checkProvisioningKey(c.var.ctx, { key, secret })
        await countProvisioning(c.env.PROVISION_RATE, row.profileId)
        return c.json(await provisionDevice({ ctx: c.var.ctx, input: { row, ...device } }))
      } catch (error) {
        if (error instanceof AppError && error.code === 'unauthenticated') {
          await countUnknownToken(c.env.UNKNOWN_TOKEN_RATE, addressOf(c))
        }
        throw error
      }
    },
  )
  .get(
    path,
    operation({
      ...ofProfile,
      id: 'getProvisioning',
      summary: 'With what devices of a profile enrol themselves; null: they do not',
      response: viewSchema.nullable(),
    }),
    async (c) => c.json(await getProvisioning({ ctx: c.var.ctx, input: { id: c.req.param('id') } })),
  )
  .post(
    path,
    operation({
      ...ofProfile,
      id: 'rotateProvisioning',
      summary: 'Make a key and secret for firmware, or new ones; the secret is shown this once',
      status: 201,
      response: viewSchema.extend({ secret: z.string() }),
    }),
    async (c) => c.json(await rotateProvisioning({ ctx: c.var.ctx, input: { id: c.req.param('id') } }), 201),
  )
  .patch(
    path,
    operation({
      ...ofProfile,
      id: 'updateProvisioning',
      summary: 'Switch it off or on; let devices enrol again at any time, or for a day only',
      json: z.object({ isEnabled: z.boolean().optional(), allowsAgain: z.boolean().optional() }),
      response: viewSchema.nullable(),
    }),
    async (c) =>
      c.json(await updateProvisioning({ ctx: c.var.ctx, input: { ...c.req.valid('json'), id: c.req.param('id') } })),
  )
  .delete(
    path,
    operation({ ...ofProfile, id: 'deleteProvisioning', summary: 'Take the key away', status: 204 }),
    async (c) => {
      await deleteProvisioning({ ctx: c.var.ctx, input: { id: c.req.param('id') } })
      return c.body(null, 204)
    },
  )
