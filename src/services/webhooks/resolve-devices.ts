import * as z from 'zod'
import type { DecoderSpec } from '../../domain/decoder/spec.ts'
import type { TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceAddress } from '../../domain/report.ts'
import type { AddressedDevice } from '../../domain/webhook.ts'
import { findByAliases, findByNames, type NamedIdentity } from '../../store/addressed-devices.ts'
import { isMigrationMissing } from '../../store/d1-faults.ts'
import type { World } from '../context.ts'
import { ExpiringCache } from '../devices/expiring-cache.ts'
import { resolveToken } from '../devices/token-cache.ts'
import { decoderSchema } from '../profiles/decoder-schema.ts'

let known = newCache()

function newCache() {
  return new ExpiringCache<AddressedDevice>(limits.tokenCacheMs, limits.tokenCacheEntries)
}

/** This isolate asks anew: a device, its names or its profile changed. */
export function forgetAddresses(): void {
  known = newCache()
}

/**
 * The tenant's own device of each address, in order; undefined where none is meant. Devices are remembered as tokens
 * are, strangers are not: one that was just made is found at once.
 */
export async function resolveDevices(
  world: World,
  tenantId: TenantId,
  addresses: readonly DeviceAddress[],
  now: number,
): Promise<(AddressedDevice | undefined)[]> {
  const found = new Map<DeviceAddress, AddressedDevice>()
  const cache = known
  const asked = addresses.filter(({ deviceToken }) => deviceToken === undefined)
  for (const address of asked) {
    const device = namesOf(address)
      .map((name) => cache.get(`${tenantId}:${name}`, now))
      .find((entry) => entry !== undefined)
    if (device) found.set(address, device)
  }
  const missing = asked.filter((address) => !found.has(address))
  for (const [address, device] of await lookUp(world, tenantId, missing)) {
    found.set(address, device)
    for (const name of namesOf(address).slice(0, 1)) cache.set(`${tenantId}:${name}`, device, now)
  }
  return Promise.all(
    addresses.map(async (address) => {
      if (address.deviceToken === undefined) return found.get(address)
      const device = await resolveToken(world, address.deviceToken, now)
      return device?.tenantId === tenantId ? { device } : undefined
    }),
  )
}

/** The surest first. */
function namesOf({ devEui, externalId, alias }: DeviceAddress): string[] {
  return [devEui && `eui:${devEui}`, externalId && `ext:${externalId}`, alias].filter((name) => name !== undefined)
}

async function lookUp(
  { registry }: World,
  tenantId: TenantId,
  addresses: readonly DeviceAddress[],
): Promise<Map<DeviceAddress, AddressedDevice>> {
  const found = new Map<DeviceAddress, AddressedDevice>()
  const devEuis = addresses.flatMap(({ devEui }) => devEui ?? [])
  const externalIds = addresses.flatMap(({ externalId }) => externalId?.toLowerCase() ?? [])
  if (devEuis.length + externalIds.length > 0) {
    const rows = await findByNames(registry, tenantId, devEuis, externalIds)
    for (const address of addresses) {
      const row = rows.find(
        ({ devEui, externalId }) =>
          (address.devEui !== undefined && devEui === address.devEui) ||
          (address.externalId !== undefined && externalId === address.externalId.toLowerCase()),
      )
      if (row) found.set(address, toAddressed(row))
    }
  }
  const aliases = addresses.flatMap((address) => (found.has(address) ? [] : (address.alias ?? [])))
  if (aliases.length === 0) return found
  const named = await byAliases(registry, tenantId, aliases)
  for (const address of addresses) {
    const row = found.has(address) || address.alias === undefined ? undefined : named.get(address.alias)
    if (row) found.set(address, toAddressed(row))
  }
  return found
}

/** Aliases came with a later migration: without it no device has one. */
async function byAliases(
  registry: World['registry'],
  tenantId: TenantId,
  aliases: readonly string[],
): Promise<Map<string, NamedIdentity>> {
  try {
    return await findByAliases(registry, tenantId, aliases)
  } catch (error) {
    if (isMigrationMissing(error)) return new Map()
    throw error
  }
}

function toAddressed({ device, decoder }: NamedIdentity): AddressedDevice {
  const spec = decoder === null ? undefined : readDecoder(decoder)
  return { device, ...(spec && { decoder: spec }) }
}

const stored = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(decoderSchema)

/** What does not fit the schema any more decodes nothing. */
function readDecoder(json: string): DecoderSpec | undefined {
  return stored.safeParse(json).data
}
