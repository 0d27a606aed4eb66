import type { DecoderSpec } from '../../domain/decoder/spec.ts'
import { AppError } from '../../domain/errors.ts'
import type { DeviceProfileRow } from '../../store/device-profiles.ts'

export interface ProfileView {
  readonly profileId: string
  readonly name: string
  readonly type: string | null
  readonly description: string | null
  readonly isDefault: boolean
  readonly inactivityTimeoutMs: number | null
  readonly decoder: DecoderSpec | null
  readonly createdAt: number
  readonly updatedAt: number
}

/** What a caller says of a profile; null clears, absent keeps. */
export interface ProfileFields {
  readonly name?: string | undefined
  readonly type?: string | null | undefined
  readonly description?: string | null | undefined
  readonly inactivityTimeoutMs?: number | null | undefined
  readonly decoder?: DecoderSpec | null | undefined
}

export function toProfileView({ id, decoder, ...row }: DeviceProfileRow): ProfileView {
  const { name, type, description, isDefault, inactivityTimeoutMs, createdAt, updatedAt } = row
  return {
    profileId: id,
    name,
    type,
    description,
    isDefault,
    inactivityTimeoutMs,
    decoder: decoder === null ? null : (JSON.parse(decoder) as DecoderSpec),
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
