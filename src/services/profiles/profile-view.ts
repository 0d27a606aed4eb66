import type { AlarmRule } from '../../domain/alarm/rule.ts'
import type { DecoderSpec } from '../../domain/decoder/spec.ts'
import { AppError } from '../../domain/errors.ts'
import type { KeyDisplays } from '../../domain/key-display.ts'
import type { DeviceProfileRow } from '../../store/device-profiles.ts'

export interface ProfileView {
  readonly profileId: string
  readonly name: string
  readonly type: string | null
  readonly description: string | null
  readonly isDefault: boolean
  readonly inactivityTimeoutMs: number | null
  readonly retentionDays: number | null
  readonly rollupRetentionDays: number | null
  readonly keys: KeyDisplays
  readonly decoder: DecoderSpec | null
  readonly alarms: readonly AlarmRule[]
  readonly createdAt: number
  readonly updatedAt: number
}

/** What a caller says of a profile; null clears, absent keeps. */
export interface ProfileFields {
  readonly name?: string | undefined
  readonly type?: string | null | undefined
  readonly description?: string | null | undefined
  readonly inactivityTimeoutMs?: number | null | undefined
  readonly retentionDays?: number | null | undefined
  readonly rollupRetentionDays?: number | null | undefined
  readonly keys?: KeyDisplays | undefined
  readonly decoder?: DecoderSpec | null | undefined
  readonly alarms?: readonly AlarmRule[] | undefined
}

export function toProfileView(
  { id, decoder, keys, ...row }: DeviceProfileRow,
  alarms: readonly AlarmRule[],
): ProfileView {
  const { name, type, description, isDefault, inactivityTimeoutMs, createdAt, updatedAt } = row
  return {
    profileId: id,
    name,
    type,
    description,
    isDefault,
    inactivityTimeoutMs,
    retentionDays: row.retentionDays,
    rollupRetentionDays: row.rollupRetentionDays,
    keys: JSON.parse(keys) as KeyDisplays,
    decoder: decoder === null ? null : (JSON.parse(decoder) as DecoderSpec),
    alarms,
    createdAt,
    updatedAt,
  }
}

/** As it is stored. */
export function decoderJson(decoder: DecoderSpec | null | undefined): string | null | undefined {
  return decoder === null || decoder === undefined ? decoder : JSON.stringify(decoder)
}

export const profileNotFound = () =>
  new AppError('device_profile_not_found', { detail: 'There is no such device profile.' })
