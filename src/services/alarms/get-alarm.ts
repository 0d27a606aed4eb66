import { findAlarms } from '../../store/alarms.ts'
import type { ServiceContext } from '../context.ts'
import { type AlarmView, alarmNotFound, toAlarmView } from './alarm-view.ts'

/** @throws AppError alarm_not_found */
export async function getAlarm({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string }
}): Promise<AlarmView> {
  const [row] = await findAlarms(ctx.registry, ctx.tenantId, [input.id])
  if (!row) throw alarmNotFound()
  return toAlarmView(row, ctx.now)
}
