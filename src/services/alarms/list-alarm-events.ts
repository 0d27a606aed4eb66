import type { AlarmEvent } from '../../domain/alarm/alarm.ts'
import { listAlarmEventRows } from '../../store/alarms.ts'
import type { ServiceContext } from '../context.ts'
import { getAlarm } from './get-alarm.ts'

/** Oldest first. @throws AppError alarm_not_found */
export async function listAlarmEvents({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<AlarmEvent[]> {
  await getAlarm({ ctx, input })
  return listAlarmEventRows(ctx.registry, ctx.tenantId, input.id)
}
