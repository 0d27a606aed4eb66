import { limits } from '../../domain/limits.ts'
import { may } from '../../domain/permission.ts'
import type { FoundDevice } from '../../store/devices.ts'
import type { ServiceContext } from '../context.ts'

/** A device as answers show it. The token is for those who may change the device ("Copy token"). */
export interface DeviceView {
  readonly deviceId: string
  readonly id: string
  readonly name: string
  readonly deviceType: string
  readonly label: string | null
  readonly token?: string
  readonly isGateway: boolean
  readonly parentGatewayId: string | null
  readonly integration: { readonly external_id: string; readonly lorawan: { readonly dev_eui: string | null } }
  readonly status: 'ACTIVE' | 'INACTIVE'
  readonly lastActivityTs: number | null
  readonly inactivityTimeoutMs: number
  readonly retentionDays: number | null
  readonly profileId: string | null
  readonly createdAt: number
  readonly updatedAt: number
}

export function toDeviceView(ctx: ServiceContext, row: FoundDevice, lastSeen: number | undefined): DeviceView {
  return {
    deviceId: row.id,
    id: row.id,
    name: row.name,
    deviceType: row.deviceType,
    label: row.label,
    ...(maySeeTokens(ctx) && { token: row.token }),
    isGateway: row.isGateway,
    parentGatewayId: row.parentGatewayId,
    integration: { external_id: row.externalId, lorawan: { dev_eui: row.devEui } },
    status: isActive(lastSeen, row, ctx.now) ? 'ACTIVE' : 'INACTIVE',
    lastActivityTs: lastSeen ?? null,
    inactivityTimeoutMs: timeoutOf(row),
    retentionDays: row.retentionDays,
    profileId: row.profileId,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  }
}

type Timed = Pick<FoundDevice, 'inactivityTimeoutMs' | 'profileTimeoutMs'>

/** Its own, or else its profile's. */
function timeoutOf({ inactivityTimeoutMs, profileTimeoutMs }: Timed): number {
  return inactivityTimeoutMs ?? profileTimeoutMs ?? limits.inactivityTimeoutMs
}

/** Presence is derived, never stored. */
export function isActive(lastSeen: number | undefined, device: Timed, now: number): boolean {
  return lastSeen !== undefined && now - lastSeen < timeoutOf(device)
}

export function maySeeTokens({ principal }: ServiceContext): boolean {
  return may(principal, 'write') || may(principal, 'provision')
}
