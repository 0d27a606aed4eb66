import { Hono } from 'hono'
import { acknowledgeAlarms } from '../services/alarms/acknowledge-alarms.ts'
import { actOnAlarm } from '../services/alarms/act-on-alarm.ts'
import { getEscalation, updateEscalation } from '../services/alarms/escalation.ts'
import { getAlarm } from '../services/alarms/get-alarm.ts'
import { listAlarmEvents } from '../services/alarms/list-alarm-events.ts'
import { listAlarms } from '../services/alarms/list-alarms.ts'
import { previewRule } from '../services/alarms/preview-rule.ts'
import {
  alarmEventsSchema,
  alarmPageSchema,
  alarmSchema,
  bulkAckResultSchema,
  bulkAckSchema,
  deviceAlarmsQuery,
  escalationSchema,
  listAlarmsQuery,
  previewRange,
  previewResultSchema,
  previewSchema,
  shelveSchema,
} from './alarm-schemas.ts'
import type { AppEnv } from './app-env.ts'
import { operation } from './operation.ts'

const tag = 'Alarms'
const missing = ['alarm_not_found'] as const
const change = { tag, permission: 'operate', response: alarmSchema, errors: missing } as const

export const alarmRoutes = new Hono<AppEnv>()
  .get(
    '/api/alarms',
    operation({
      id: 'listAlarms',
      summary: 'Alarms of the tenant, newest first',
      tag,
      permission: 'read',
      query: listAlarmsQuery,
      response: alarmPageSchema,
      errors: ['device_not_found'],
    }),
    async (c) => c.json(await listAlarms({ ctx: c.var.ctx, input: c.req.valid('query') })),
  )
  .get(
    '/api/alarms/escalation-settings',
    operation({
      id: 'getEscalationSettings',
      summary: 'How long an alarm waits on each level of people',
      tag,
      permission: 'read',
      response: escalationSchema,
    }),
    async (c) => c.json(await getEscalation({ ctx: c.var.ctx })),
  )
  .patch(
    '/api/alarms/escalation-settings',
    operation({
      id: 'updateEscalationSettings',
      summary: 'Change the escalation settings',
      tag,
      permission: 'admin',
      json: escalationSchema.partial(),
      response: escalationSchema,
    }),
    async (c) => c.json(await updateEscalation({ ctx: c.var.ctx, input: c.req.valid('json') })),
  )
  .patch(
    '/api/alarms/ack/bulk',
    operation({
      id: 'acknowledgeAlarms',
      summary: 'Acknowledge several alarms',
      tag,
      permission: 'operate',
      json: bulkAckSchema,
      response: bulkAckResultSchema,
    }),
    async (c) => {
      const { alarmIds, ids } = c.req.valid('json')
      return c.json(await acknowledgeAlarms({ ctx: c.var.ctx, input: { ids: alarmIds ?? ids ?? [] } }))
    },
  )
  .get(
    '/api/alarms/device/:id',
    operation({
      id: 'listDeviceAlarms',
      summary: 'Alarms of one device, newest first',
      tag,
      permission: 'read',
      query: deviceAlarmsQuery,
      response: alarmPageSchema,
      errors: ['device_not_found'],
    }),
    async (c) =>
      c.json(await listAlarms({ ctx: c.var.ctx, input: { ...c.req.valid('query'), deviceId: c.req.param('id') } })),
  )
  .get(
    '/api/alarms/:id',
    operation({
      id: 'getAlarm',
      summary: 'One alarm',
      tag,
      permission: 'read',
      response: alarmSchema,
      errors: missing,
    }),
    async (c) => c.json(await getAlarm({ ctx: c.var.ctx, input: { id: c.req.param('id') } })),
  )
  .get(
    '/api/alarms/:id/events',
    operation({
      id: 'listAlarmEvents',
      summary: 'What became of an alarm, oldest first',
      tag,
      permission: 'read',
      response: alarmEventsSchema,
      errors: missing,
    }),
    async (c) => c.json({ items: await listAlarmEvents({ ctx: c.var.ctx, input: { id: c.req.param('id') } }) }),
  )
  .patch(
    '/api/alarms/:id/ack',
    operation({ ...change, id: 'acknowledgeAlarm', summary: 'Acknowledge an alarm; it stays open' }),
    async (c) =>
      c.json(await actOnAlarm({ ctx: c.var.ctx, input: { id: c.req.param('id'), act: { kind: 'acknowledge' } } })),
  )
  .patch(
    '/api/alarms/:id/clear',
    operation({ ...change, id: 'clearAlarm', summary: 'Clear an alarm; what holds still raises it anew' }),
    async (c) => c.json(await actOnAlarm({ ctx: c.var.ctx, input: { id: c.req.param('id'), act: { kind: 'clear' } } })),
  )
  .patch(
    '/api/alarms/:id/shelve',
    operation({
      ...change,
      id: 'shelveAlarm',
      summary: 'Let nobody be told of an alarm and its rule for a while; 0 minutes ends that',
      json: shelveSchema,
      errors: [...missing, 'conflict'],
    }),
    async (c) => {
      const { minutes } = c.req.valid('json')
      const until = minutes === 0 ? null : c.var.ctx.now + minutes * 60_000
      return c.json(
        await actOnAlarm({ ctx: c.var.ctx, input: { id: c.req.param('id'), act: { kind: 'shelve', until } } }),
      )
    },
  )
  .post(
    '/api/device-profiles/:id/alarm-rules/preview',
    operation({
      id: 'previewAlarmRule',
      summary: 'How often a rule would have fired on stored history, of the last seven days where no range is given',
      tag,
      permission: 'read',
      isRead: true,
      json: previewSchema,
      response: previewResultSchema,
      errors: ['device_profile_not_found', 'device_not_found'],
    }),
    async (c) => {
      const { rule, deviceIds, ...range } = c.req.valid('json')
      const input = {
        profileId: c.req.param('id'),
        rule,
        deviceIds,
        ...previewRange({ rule, ...range }, c.var.ctx.now),
      }
      return c.json(await previewRule({ ctx: c.var.ctx, input }))
    },
  )
