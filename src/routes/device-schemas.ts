import * as z from 'zod'
import { limits } from '../domain/limits.ts'
import { deviceSorts } from '../services/devices/device-cursor.ts'
import {
  deviceLabel,
  deviceName,
  deviceType,
  inactivityTimeout,
  retentionDays,
} from '../services/devices/device-fields.ts'

export const flag = z.enum(['true', 'false']).transform((text) => text === 'true')

const integration = z.object({
  lorawan: z.object({ dev_eui: z.string().max(64).nullish() }).optional(),
})
const fields = {
  deviceType: deviceType.optional(),
  label: deviceLabel.nullish(),
  isGateway: z.boolean().optional(),
  parentGatewayId: z.string().max(64).nullish(),
  inactivityTimeoutMs: inactivityTimeout.nullish(),
  retentionDays: retentionDays.nullish(),
  profileId: z.string().max(64).nullish(),
  integration: integration.optional(),
}

export const createDeviceSchema = z.object({ name: deviceName, ...fields, token: z.string().max(200).optional() })
export const updateDeviceSchema = z.object({ name: deviceName.optional(), ...fields })

const page = {
  limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).default(limits.pageSize),
  cursor: z.string().max(2048).optional(),
}
export const listDevicesQuery = z.object({
  search: z.string().max(limits.nameLength).optional(),
  deviceType: z.string().max(limits.deviceTypeLength).optional(),
  /** As older clients call deviceType. */
  type: z.string().max(limits.deviceTypeLength).optional(),
  online: flag.optional(),
  gateway: flag.optional(),
  parentGatewayId: z.string().max(64).optional(),
  sort: z.enum(deviceSorts).default('name'),
  ...page,
})
export const listChildrenQuery = z.object(page)

export const deviceSchema = z.object({
  deviceId: z.string(),
  id: z.string(),
  name: z.string(),
  deviceType: z.string(),
  label: z.string().nullable(),
  token: z.string().optional(),
  isGateway: z.boolean(),
  parentGatewayId: z.string().nullable(),
  integration: z.object({ external_id: z.string(), lorawan: z.object({ dev_eui: z.string().nullable() }) }),
  status: z.enum(['ACTIVE', 'INACTIVE']),
  lastActivityTs: z.number().nullable(),
  inactivityTimeoutMs: z.number(),
  retentionDays: z.number().nullable(),
  profileId: z.string().nullable(),
  createdAt: z.number(),
  updatedAt: z.number(),
})
export const deviceDetailSchema = deviceSchema.extend({
  connected: z.boolean(),
  unreachable: z.boolean().optional(),
  childCount: z.number().optional(),
  packetLoss: z
    .object({ received: z.number(), lost: z.number() })
    .optional()
    .meta({ description: 'Of the last frames of a LoRa device: gaps in their count.' }),
})
export const devicePageSchema = z.object({ items: z.array(deviceSchema), nextCursor: z.string().nullable() })

export const rowErrorSchema = z.object({
  row: z.number(),
  column: z.string().optional(),
  code: z.string(),
  detail: z.string(),
})
export const importResultSchema = z.object({
  created: z.number(),
  existing: z.number(),
  rejected: z.number(),
  devices: z.array(
    z.object({ row: z.number(), deviceId: z.string(), name: z.string(), status: z.enum(['created', 'existing']) }),
  ),
  errors: z.array(rowErrorSchema),
  warnings: z.array(z.string()),
})
export const validateResultSchema = z.object({
  valid: z.number(),
  invalid: z.number(),
  errors: z.array(rowErrorSchema),
  warnings: z.array(z.string()),
})

export const eventSchema = z.object({
  id: z.number(),
  kind: z.string(),
  at: z.number(),
  connector: z.string(),
  code: z.string().optional(),
  reason: z.string().optional(),
  detail: z.string(),
  raw: z.string().optional(),
  rawSize: z.number().optional(),
  contentType: z.string().optional(),
})
