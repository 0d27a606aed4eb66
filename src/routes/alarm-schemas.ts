import * as z from 'zod'
import { alarmEventKinds } from '../domain/alarm/alarm.ts'
import { severities } from '../domain/alarm/rule.ts'
import { limits } from '../domain/limits.ts'
import { alarmRuleSchema } from '../services/profiles/alarm-rule-schema.ts'
import { flag } from './device-schemas.ts'

const scalar = z.union([z.number(), z.string(), z.boolean()])
const time = z.coerce.number().int().min(0)
const page = {
  limit: z.coerce.number().int().min(1).max(limits.pageSizeMax).default(limits.pageSize),
  cursor: z.string().max(128).optional(),
}

/** One or several, separated by commas, in either case. */
const severityList = z
  .string()
  .transform((text) => text.toUpperCase().split(','))
  .pipe(z.array(z.enum(severities)).min(1))
const status = z
  .string()
  .transform((text) => text.toUpperCase())
  .pipe(z.enum(['ACTIVE', 'CLEARED']))

const filters = {
  status: status.optional(),
  severity: severityList.optional(),
  acknowledged: flag.optional(),
  from: time.optional(),
  to: time.optional(),
  ...page,
}
export const listAlarmsQuery = z.object({ deviceId: z.string().max(64).optional(), ...filters })
export const deviceAlarmsQuery = z.object(filters)

export const alarmSchema = z.object({
  alarmId: z.string(),
  alarm_id: z.string(),
  id: z.string(),
  deviceId: z.string(),
  device_id: z.string(),
  deviceName: z.string().nullable(),
  device_name: z.string().nullable(),
  deviceType: z.string().nullable(),
  ruleId: z.string(),
  rule_id: z.string(),
  name: z.string(),
  ruleName: z.string(),
  rule_name: z.string(),
  severity: z.enum(severities),
  status: z.enum(['ACTIVE', 'CLEARED']),
  state: z.string().meta({ description: 'ACTIVE_UNACK, ACTIVE_ACK, CLEARED_UNACK or CLEARED_ACK' }),
  message: z.string(),
  acknowledged: z.boolean(),
  acknowledgedAt: z.number().nullable(),
  acknowledgedBy: z.string().nullable(),
  shelved: z.boolean(),
  shelvedUntil: z.number().nullable(),
  triggerKey: z.string().nullable(),
  trigger_key: z.string().nullable(),
  triggerValue: scalar.nullable(),
  trigger_value: scalar.nullable(),
  startTs: z.number(),
  start_ts: z.number(),
  createdAt: z.number(),
  updatedTs: z.number(),
  last_update_ts: z.number(),
  updatedAt: z.number(),
  clearedAt: z.number().nullable(),
  clearedBy: z.string().nullable(),
})
export const alarmPageSchema = z.object({ items: z.array(alarmSchema), nextCursor: z.string().nullable() })

export const alarmEventsSchema = z.object({
  items: z.array(
    z.object({
      at: z.number(),
      sequence: z.number(),
      kind: z.enum(alarmEventKinds),
      severity: z.enum(severities),
      value: scalar.nullable(),
      by: z.string().optional(),
      until: z.number().optional(),
    }),
  ),
})

export const shelveSchema = z.object({
  /** How long; 0 takes it off the shelf. */
  minutes: z
    .number()
    .min(0)
    .max(limits.shelveMaxMs / 60_000)
    .default(limits.shelveMs / 60_000),
})

const ids = z.array(z.string().max(64)).min(1).max(limits.alarmBulk)
export const bulkAckSchema = z
  .object({ alarmIds: ids.optional(), ids: ids.optional() })
  .refine(({ alarmIds, ids }) => alarmIds !== undefined || ids !== undefined, 'Which alarms?')
export const bulkAckResultSchema = z.object({ acknowledged: z.number(), missing: z.array(z.string()) })

const minutes = z
  .number()
  .min(1)
  .max(7 * 24 * 60)
export const escalationSchema = z.object({
  l1ToL2Minutes: minutes,
  l2ToL3Minutes: minutes,
  stopOnAck: z.boolean(),
  stopOnClear: z.boolean(),
})

const day = 24 * 3_600_000
export const previewSchema = z.object({
  rule: alarmRuleSchema,
  from: z.number().int().min(0).optional(),
  to: z.number().int().min(0).optional(),
  deviceIds: z.array(z.string().max(64)).min(1).max(limits.previewDevices).optional(),
})
export const previewRange = ({ from, to }: z.output<typeof previewSchema>, now: number) => {
  const end = to ?? now
  return { from: from ?? end - 7 * day, to: end }
}
export const previewResultSchema = z.object({
  devices: z.number(),
  readings: z.number(),
  raised: z.number(),
  firings: z.array(
    z.object({
      deviceId: z.string(),
      severity: z.enum(severities),
      raisedAt: z.number(),
      clearedAt: z.number().nullable(),
    }),
  ),
  truncated: z.boolean(),
})
