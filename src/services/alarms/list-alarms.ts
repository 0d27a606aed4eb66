import { AppError } from '../../domain/errors.ts'
import { type AlarmFilter, pageAlarms } from '../../store/alarms.ts'
import type { ServiceContext } from '../context.ts'
import { requireDevice } from '../devices/require-device.ts'
import { type AlarmView, toAlarmView } from './alarm-view.ts'

export interface ListAlarmsInput extends Omit<AlarmFilter, 'before'> {
  readonly limit: number
  readonly cursor?: string | undefined
}

/** Newest first. @throws AppError device_not_found */
export async function listAlarms({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: ListAlarmsInput
}): Promise<{ items: AlarmView[]; nextCursor: string | null }> {
  const { limit, cursor, ...filter } = input
  const deviceId = filter.deviceId === undefined ? undefined : (await requireDevice(ctx, filter.deviceId)).id
  const before = cursor === undefined ? undefined : readCursor(cursor)
  const rows = await pageAlarms(ctx.registry, ctx.tenantId, { ...filter, deviceId, before }, limit + 1)
  const items = rows.slice(0, limit).map((row) => toAlarmView(row, ctx.now))
  const last = rows.length > limit ? items.at(-1) : undefined
  return { items, nextCursor: last ? `${last.startTs}_${last.id}` : null }
}

function readCursor(text: string): { startedAt: number; id: string } {
  const [, startedAt, id] = /^(\d{1,15})_(.{1,64})$/.exec(text) ?? []
  if (startedAt !== undefined && id !== undefined) return { startedAt: Number(startedAt), id }
  throw new AppError('validation_rejected', { reason: 'field_invalid', detail: 'The cursor is not one of ours.' })
}
