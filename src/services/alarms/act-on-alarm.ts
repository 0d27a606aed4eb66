import type { AlarmAct } from '../../domain/alarm/alarm.ts'
import { AppError } from '../../domain/errors.ts'
import type { DeviceId } from '../../domain/ids.ts'
import { type AlarmRow, changeUnheld, findAlarms } from '../../store/alarms.ts'
import type { ServiceContext } from '../context.ts'
import { actorOf } from '../webhooks/actor.ts'
import { type AlarmView, alarmNotFound } from './alarm-view.ts'
import { getAlarm } from './get-alarm.ts'

export type Act =
  | { readonly kind: 'acknowledge' | 'clear' }
  | { readonly kind: 'shelve'; readonly until: number | null }

/** What was done already is done. @throws AppError alarm_not_found, conflict where a shelved alarm is over */
export async function actOnAlarm({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly id: string; readonly act: Act }
}): Promise<AlarmView> {
  const [row] = await findAlarms(ctx.registry, ctx.tenantId, [input.id])
  if (!row) throw alarmNotFound()
  ctx.note?.({ target: row.id })
  await act(ctx, row, input.act)
  return getAlarm({ ctx, input })
}

/** The object of its device holds an open alarm: whatever else happens to it there, one thing follows another. */
export async function act(ctx: ServiceContext, row: AlarmRow, what: Act): Promise<void> {
  const done: AlarmAct = { ...what, by: actorOf(ctx) }
  const isHeld =
    row.status === 'ACTIVE' &&
    (await ctx.platform.device(row.deviceId as DeviceId).actOnAlarm(row.id, done)) !== undefined
  if (isHeld) return
  if (done.kind === 'shelve')
    throw new AppError('conflict', { detail: 'This alarm is over; only an open one is shelved.' })
  await changeUnheld(ctx.registry, ctx.tenantId, [row.id], done, ctx.now)
}
