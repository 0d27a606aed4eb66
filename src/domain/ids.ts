/** Identifiers. Branded, so that a token is never passed where a device id is meant. */

declare const brand: unique symbol
type Brand<T, Name extends string> = T & { readonly [brand]: Name }

export type TenantId = Brand<string, 'TenantId'>
export type DeviceId = Brand<string, 'DeviceId'>
export type DeviceToken = Brand<string, 'DeviceToken'>
/** 64-bit LoRaWAN id: 16 hex digits, lower case, no separators. */
export type DevEui = Brand<string, 'DevEui'>

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const TOKEN = /^[A-Za-z0-9_-]{8,128}$/
const DEV_EUI = /^[0-9a-f]{16}$/

export function parseTenantId(text: string): TenantId | undefined {
  return UUID.test(text) ? (text.toLowerCase() as TenantId) : undefined
}

export function parseDeviceId(text: string): DeviceId | undefined {
  return UUID.test(text) ? (text.toLowerCase() as DeviceId) : undefined
}

/** Tokens of existing devices are UUIDs, but any URL-safe text of 8 to 128 characters is one. */
export function parseDeviceToken(text: string): DeviceToken | undefined {
  return TOKEN.test(text) ? (text as DeviceToken) : undefined
}

/** Takes `70B3D57ED0001234`, `70-b3-d5-…`, `70:B3:…` and `70 b3 …`. */
export function parseDevEui(text: string): DevEui | undefined {
  const digits = text.replace(/[\s:.-]/g, '').toLowerCase()
  return DEV_EUI.test(digits) ? (digits as DevEui) : undefined
}

export function newTenantId(): TenantId {
  return crypto.randomUUID() as TenantId
}

export function newDeviceId(): DeviceId {
  return crypto.randomUUID() as DeviceId
}

export function newDeviceToken(): DeviceToken {
  return crypto.randomUUID() as DeviceToken
}

/** A UUID of version 7 (RFC 9562, 5.7): ids sort by the time they were given. */
export function newCommandId(now: number): string {
  const time = now.toString(16).padStart(12, '0')
  const random = crypto.randomUUID()
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`
}
