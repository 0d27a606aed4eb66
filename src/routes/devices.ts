import { Hono } from 'hono'
import * as z from 'zod'
import { limits } from '../domain/limits.ts'
import { createDevice } from '../services/devices/create-device.ts'
import { deleteDevice } from '../services/devices/delete-device.ts'
import { getDevice } from '../services/devices/get-device.ts'
import { listChildren } from '../services/devices/list-children.ts'
import { listDevices } from '../services/devices/list-devices.ts'
import { listEvents } from '../services/devices/list-events.ts'
import { listTypes } from '../services/devices/list-types.ts'
import { rotateToken } from '../services/devices/rotate-token.ts'
import { updateDevice } from '../services/devices/update-device.ts'
import type { AppEnv } from './app-env.ts'
import {
  createDeviceSchema,
  deviceDetailSchema,
  devicePageSchema,
  eventSchema,
  listChildrenQuery,
  listDevicesQuery,
  updateDeviceSchema,
} from './device-schemas.ts'
import { operation } from './operation.ts'

const tag = 'Devices'
const missing = ['device_not_found'] as const
const eventsQuery = z.object({
  before: z.coerce.number().int().positive().optional(),
  limit: z.coerce.number().int().min(1).max(limits.eventsPerDevice).default(limits.pageSize),
})

export const deviceRoutes = new Hono<AppEnv>()
  .get(
    '/api/devices',
    operation({
      id: 'listDevices',
      summary: 'Devices of the tenant, page by page',
      tag,
      permission: 'read',
      isNarrowed: true,
      query: listDevicesQuery,
      response: devicePageSchema,
    }),
    async (c) => {
      const { type, deviceType = type, ...query } = c.req.valid('query')
      return c.json(await listDevices({ ctx: c.var.ctx, input: { ...query, deviceType } }))
    },
  )
  .post(
    '/api/devices',
    operation({
      id: 'createDevice',
      summary: 'Make a device; its token is in the answer',
      tag,
      permission: 'provision',
      json: createDeviceSchema,
      status: 201,
      response: deviceDetailSchema,
      errors: ['conflict'],
    }),
    async (c) => c.json(await createDevice({ ctx: c.var.ctx, input: c.req.valid('json') }), 201),
  )
  .get(
    '/api/devices/types',
    operation({
      id: 'listDeviceTypes',
      summary: 'Device types in use',
      tag,
      permission: 'read',
      response: z.object({ types: z.array(z.string()) }),
    }),
    async (c) => c.json({ types: await listTypes({ ctx: c.var.ctx }) }),
  )
  .get(
    '/api/devices/:id',
    operation({
      id: 'getDevice',
      summary: 'One device',
      tag,
      permission: 'read',
      response: deviceDetailSchema,
      errors: missing,
    }),
    async (c) => c.json(await getDevice({ ctx: c.var.ctx, input: { id: c.req.param('id') } })),
  )
  .patch(
    '/api/devices/:id',
    operation({
      id: 'updateDevice',
      summary: 'Change a device; null clears a field',
      tag,
      permission: 'write',
      json: updateDeviceSchema,
      response: deviceDetailSchema,
      errors: ['device_not_found', 'conflict'],
    }),
    async (c) =>
      c.json(await updateDevice({ ctx: c.var.ctx, input: { ...c.req.valid('json'), id: c.req.param('id') } })),
  )
  .delete(
    '/api/devices/:id',
    operation({
      id: 'deleteDevice',
      summary: 'Delete a device at once; its readings are removed soon after',
      tag,
      permission: 'write',
      status: 204,
      errors: missing,
    }),
    async (c) => {
      await deleteDevice({ ctx: c.var.ctx, input: { id: c.req.param('id') } })
      return c.body(null, 204)
    },
  )
  .post(
    '/api/devices/:id/token',
    operation({
      id: 'rotateDeviceToken',
      summary: 'Give the device a new token; the old one dies',
      tag,
      permission: 'write',
      response: deviceDetailSchema,
      errors: missing,
    }),
    async (c) => c.json(await rotateToken({ ctx: c.var.ctx, input: { id: c.req.param('id') } })),
  )
  .get(
    '/api/devices/:id/children',
    operation({
      id: 'listDeviceChildren',
      summary: 'The devices that a gateway speaks for, by name',
      tag,
      permission: 'read',
      query: listChildrenQuery,
      response: devicePageSchema,
      errors: missing,
    }),
    async (c) =>
      c.json(await listChildren({ ctx: c.var.ctx, input: { ...c.req.valid('query'), id: c.req.param('id') } })),
  )
  .get(
    '/api/devices/:id/events',
    operation({
      id: 'listDeviceEvents',
      summary: 'What happened to the device besides plain readings, newest first',
      tag,
      permission: 'read',
      query: eventsQuery,
      response: z.object({ items: z.array(eventSchema) }),
      errors: missing,
    }),
    async (c) =>
      c.json({
        items: await listEvents({ ctx: c.var.ctx, input: { ...c.req.valid('query'), id: c.req.param('id') } }),
      }),
  )
