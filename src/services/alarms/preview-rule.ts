import type { AttributeOf } from '../../domain/alarm/condition.ts'
import { advance, initialState, type RuleState, type Transition, takeSample } from '../../domain/alarm/evaluate.ts'
import type { AlarmRule, Severity } from '../../domain/alarm/rule.ts'
import { samplesOf, silenceOf } from '../../domain/alarm/samples.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { loadAttributes } from '../../store/attributes.ts'
import { readNewestFirst, type StoredReading } from '../../store/read-telemetry.ts'
import { profileDevices } from '../../store/rule-rollouts.ts'
import type { ServiceContext } from '../context.ts'
import { getProfile } from '../profiles/get-profile.ts'
import { ownDevices } from '../telemetry/own-devices.ts'

export interface PreviewInput {
  readonly profileId: string
  readonly rule: AlarmRule
  readonly from: number
  readonly to: number
  /** Absent: the profile's devices. */
  readonly deviceIds?: readonly string[] | undefined
}

export interface Firing {
  readonly deviceId: string
  readonly severity: Severity
  readonly raisedAt: number
  readonly clearedAt: number | null
}

export interface Preview {
  readonly devices: number
  readonly readings: number
  readonly raised: number
  /** The newest of each device's. */
  readonly firings: readonly Firing[]
  /** More devices follow the profile, or older readings lie in the range, than were looked at. */
  readonly truncated: boolean
}

/** How often the rule would have fired on what is stored, with the attributes as they are now. @throws AppError device_profile_not_found, device_not_found */
export async function previewRule({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: PreviewInput
}): Promise<Preview> {
  await getProfile({ ctx, input: { id: input.profileId } })
  const most = limits.previewDevices
  const ids = input.deviceIds ?? (await profileDevices(ctx.registry, ctx.tenantId, input.profileId, '', most + 1))
  const devices = await ownDevices(ctx, ids.slice(0, most))
  const budget = Math.floor(limits.previewReadings / Math.max(1, devices.length))
  const found = []
  for (const device of devices) found.push(await replay(ctx, device, input, budget))
  return {
    devices: devices.length,
    readings: found.reduce((sum, { readings }) => sum + readings, 0),
    raised: found.reduce((sum, { firings }) => sum + firings.length, 0),
    firings: found.flatMap(({ firings }) => firings.slice(-limits.previewFirings / most)),
    truncated: ids.length > most || found.some(({ readings }) => readings === budget),
  }
}

async function replay(ctx: ServiceContext, device: DeviceIdentity, { rule, from, to }: PreviewInput, budget: number) {
  const attributes = await loadAttributes(ctx.registry, ctx.tenantId, device.deviceId)
  const attributeOf: AttributeOf = (name) => attributes.find(({ key }) => key === name)?.value
  const silenceMs = silenceOf(rule, device.inactivityTimeoutMs)
  const readings: StoredReading[] = []
  for await (const { ts, values } of readNewestFirst(ctx.telemetry, device, from, to, budget)) {
    const own = Object.hasOwn(values, rule.key)
      ? { [rule.key]: values[rule.key] as StoredReading['values'][string] }
      : {}
    readings.push({ ts, values: own })
  }
  let state: RuleState = initialState(rule, from, silenceMs)
  const transitions: Transition[] = []
  for (const reading of readings.reverse()) {
    for (const sample of samplesOf(rule, [reading], reading.ts)) {
      const step = takeSample(rule, state, sample, attributeOf, silenceMs)
      state = step.state
      transitions.push(...step.transitions)
    }
  }
  transitions.push(...advance(rule, state, to).transitions)
  return { readings: readings.length, firings: toFirings(device.deviceId, rule, transitions) }
}

function toFirings(deviceId: string, rule: AlarmRule, transitions: readonly Transition[]): Firing[] {
  const firings: Firing[] = []
  for (const { kind, at, stage } of transitions) {
    const severity = rule.severityStages[stage]?.severity ?? 'WARNING'
    const open = firings.at(-1)
    if (kind === 'raised' || !open) firings.push({ deviceId, severity, raisedAt: at, clearedAt: null })
    else firings.splice(-1, 1, kind === 'cleared' ? { ...open, clearedAt: at } : { ...open, severity })
  }
  return firings
}
