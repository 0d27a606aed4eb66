import { AppError } from '../../domain/errors.ts'
import { type DevEui, parseDevEui, parseDeviceToken } from '../../domain/ids.ts'
import { uniqueViolation } from '../../store/devices.ts'

/** What a caller says of a device; null clears, absent keeps. */
export interface DeviceFields {
  readonly name?: string | undefined
  readonly deviceType?: string | undefined
  readonly label?: string | null | undefined
  readonly isGateway?: boolean | undefined
  readonly parentGatewayId?: string | null | undefined
  readonly inactivityTimeoutMs?: number | null | undefined
  readonly retentionDays?: number | null | undefined
  readonly profileId?: string | null | undefined
  readonly integration?: { readonly lorawan?: { readonly dev_eui?: string | null | undefined } | undefined } | undefined
}

/** @throws AppError validation_rejected where it is no 64-bit id */
export function readDevEui(text: string | null | undefined): DevEui | null {
  if (text === undefined || text === null || text.trim() === '') return null
  const devEui = parseDevEui(text)
  if (devEui) return devEui
  throw invalid('/integration/lorawan/dev_eui', 'A DevEUI is 16 hexadecimal digits.')
}

export function checkToken(text: string): string {
  const token = parseDeviceToken(text)
  if (token && token !== 'me') return token
  throw invalid('/token', 'A token is 8 to 128 characters of A-Z, a-z, 0-9, "-" and "_".')
}

function invalid(pointer: string, detail: string): AppError {
  const errors = [{ pointer, code: 'invalid', detail }]
  return new AppError('validation_rejected', { reason: 'field_invalid', detail, errors })
}

export const parentMissing = () =>
  new AppError('validation_rejected', {
    reason: 'parent_not_a_gateway',
    detail: 'The parent is not a gateway of this tenant.',
  })

export function checkLevels(isGateway: boolean, parentGatewayId: string | null): void {
  if (!isGateway || parentGatewayId === null) return
  throw new AppError('validation_rejected', {
    reason: 'gateway_with_parent',
    detail: 'A gateway cannot have a parent.',
  })
}

export const profileMissing = () => invalid('/profileId', 'The tenant has no device profile with this id.')

export const deviceNotFound = () => new AppError('device_not_found', { detail: 'There is no such device.' })

/** A unique column's own words, as ours. */
export async function translatingConflicts<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const column = uniqueViolation(error)
    if (column === 'dev_eui') {
      const detail = 'Another device of the tenant has this DevEUI.'
      throw new AppError('conflict', { reason: 'dev_eui_taken', detail, cause: error })
    }
    if (column === 'token') throw new AppError('conflict', { detail: 'This token cannot be used.', cause: error })
    throw error
  }
}
