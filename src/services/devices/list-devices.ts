import { devicesOf } from '../../domain/permission.ts'
import { lastSeenOf } from '../../store/device-state.ts'
import { type DeviceFilter, findDevices, listDeviceKeys, pageDevicesByName } from '../../store/devices.ts'
import type { ServiceContext } from '../context.ts'
import { type DeviceSort, isByName, type Place, readCursor, writeCursor } from './device-cursor.ts'
import { type DeviceView, isActive, toDeviceView } from './device-view.ts'

export interface ListDevicesInput extends DeviceFilter {
  readonly online?: boolean | undefined
  readonly sort: DeviceSort
  readonly limit: number
  readonly cursor?: string | undefined
}

export interface DevicePage {
  readonly items: DeviceView[]
  readonly nextCursor: string | null
}

/**
 * By name: a walk along an index. By last seen, or only those online: what the shards know of all the
 * tenant's devices, ordered here, since no database holds both.
 */
export async function listDevices({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: ListDevicesInput
}): Promise<DevicePage> {
  const after = input.cursor === undefined ? undefined : readCursor(input.cursor, input.sort)
  const narrowed = { ...input, ids: devicesOf(ctx.principal) }
  return isByName(input.sort) && input.online === undefined
    ? pageByName(ctx, narrowed, after)
    : pageInMemory(ctx, narrowed, after)
}

function nameOrder(sort: DeviceSort, after: Place | undefined) {
  return { descending: sort === '-name', ...(after && { after: { name: String(after.key), id: after.id } }) }
}

async function pageByName(ctx: ServiceContext, input: ListDevicesInput, after: Place | undefined): Promise<DevicePage> {
  const order = nameOrder(input.sort, after)
  const rows = await pageDevicesByName(ctx.registry, ctx.tenantId, input, order, input.limit + 1)
  const shown = rows.slice(0, input.limit)
  const ids = shown.map(({ id }) => id)
  const seen = await lastSeenOf(ctx.telemetry.all, ctx.tenantId, ctx.now, ids)
  const last = rows.length > input.limit ? shown.at(-1) : undefined
  return {
    items: shown.map((row) => toDeviceView(ctx, row, seen.get(row.id))),
    nextCursor: last ? writeCursor(input.sort, { key: last.name, id: last.id }) : null,
  }
}

async function pageInMemory(
  ctx: ServiceContext,
  input: ListDevicesInput,
  after: Place | undefined,
): Promise<DevicePage> {
  const byName = isByName(input.sort)
  const order = nameOrder(input.sort, byName ? after : undefined)
  const [seen, keys] = await Promise.all([
    lastSeenOf(ctx.telemetry.all, ctx.tenantId, ctx.now),
    listDeviceKeys(ctx.registry, ctx.tenantId, input, order),
  ])
  const wanted = keys.filter(
    (device) => input.online === undefined || isActive(seen.get(device.id), device, ctx.now) === input.online,
  )
  const places = byName
    ? wanted.map(({ id, name }): Place => ({ key: name, id }))
    : bySeen(
        wanted.map(({ id }) => id),
        seen,
        input.sort === '-lastSeen',
        after,
      )
  const page = places.slice(0, input.limit)
  const found = await findDevices(
    ctx.registry,
    ctx.tenantId,
    page.map(({ id }) => id),
  )
  const rows = new Map(found.map((row) => [row.id, row]))
  const last = places.length > input.limit ? page.at(-1) : undefined
  return {
    items: page.flatMap(({ id }) => {
      const row = rows.get(id)
      return row ? [toDeviceView(ctx, row, seen.get(id))] : []
    }),
    nextCursor: last ? writeCursor(input.sort, last) : null,
  }
}

interface SeenPlace extends Place {
  readonly key: number
}

/** Devices that never spoke come last in both directions. */
function bySeen(
  ids: readonly string[],
  seen: ReadonlyMap<string, number>,
  newestFirst: boolean,
  after: Place | undefined,
): SeenPlace[] {
  const sign = newestFirst ? -1 : 1
  const never = newestFirst ? -1 : Number.MAX_SAFE_INTEGER
  const compare = (a: SeenPlace, b: SeenPlace) => sign * (a.key - b.key) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  const start = after && { key: Number(after.key), id: after.id }
  return ids
    .map((id): SeenPlace => ({ key: seen.get(id) ?? never, id }))
    .filter((place) => !start || compare(place, start) > 0)
    .sort(compare)
}
