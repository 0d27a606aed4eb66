import { AppError } from '../../domain/errors.ts'
import { lastSeenOf } from '../../store/device-state.ts'
import { type DeviceFilter, findDevices, listDeviceIds, pageDevicesByName } from '../../store/devices.ts'
import type { ServiceContext } from '../context.ts'
import { type DeviceView, isActive, toDeviceView } from './device-view.ts'

export const deviceSorts = ['name', '-name', 'lastSeen', '-lastSeen'] as const
export type DeviceSort = (typeof deviceSorts)[number]

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
  const byName = input.sort === 'name' || input.sort === '-name'
  if (byName && input.online === undefined) return pageByName(ctx, input)
  return pageInMemory(ctx, input, byName)
}

async function pageByName(ctx: ServiceContext, input: ListDevicesInput): Promise<DevicePage> {
  const descending = input.sort === '-name'
  const after = input.cursor === undefined ? undefined : readCursor(input.cursor)
  const page = { descending, limit: input.limit + 1, ...(after && { after: { name: String(after[0]), id: after[1] } }) }
  const rows = await pageDevicesByName(ctx.registry, ctx.tenantId, input, page)
  const shown = rows.slice(0, input.limit)
  const seen = await lastSeenOf(
    ctx.telemetry.all,
    ctx.tenantId,
    ctx.now,
    shown.map(({ id }) => id),
  )
  const last = rows.length > input.limit ? shown.at(-1) : undefined
  return {
    items: shown.map((row) => toDeviceView(ctx, row, seen.get(row.id))),
    nextCursor: last ? writeCursor([last.name, last.id]) : null,
  }
}

async function pageInMemory(ctx: ServiceContext, input: ListDevicesInput, byName: boolean): Promise<DevicePage> {
  const [seen, ids] = await Promise.all([
    lastSeenOf(ctx.telemetry.all, ctx.tenantId, ctx.now),
    listDeviceIds(ctx.registry, ctx.tenantId, input),
  ])
  const wanted = ids.filter(
    ({ id, inactivityTimeoutMs }) =>
      input.online === undefined || isActive(seen.get(id), inactivityTimeoutMs, ctx.now) === input.online,
  )
  if (byName) return pageFiltered(ctx, input, new Set(wanted.map(({ id }) => id)), seen)

  const sign = input.sort === '-lastSeen' ? -1 : 1
  const never = sign === 1 ? Number.MAX_SAFE_INTEGER : -1 // devices that never spoke come last either way
  const order = ([a, idA]: Place, [b, idB]: Place) => sign * (a - b) || (idA < idB ? -1 : idA > idB ? 1 : 0)
  const places = wanted.map(({ id }): Place => [seen.get(id) ?? never, id]).sort(order)
  const after = input.cursor === undefined ? undefined : readCursor(input.cursor)
  const start = after ? places.findIndex((place) => order(place, [Number(after[0]), after[1]]) > 0) : 0
  const page = start < 0 ? [] : places.slice(start, start + input.limit)
  const rows = new Map(
    (
      await findDevices(
        ctx.registry,
        ctx.tenantId,
        page.map(([, id]) => id),
      )
    ).map((row) => [row.id, row]),
  )
  const last = start >= 0 && start + input.limit < places.length ? page.at(-1) : undefined
  return {
    items: page.flatMap(([, id]) => {
      const row = rows.get(id)
      return row ? [toDeviceView(ctx, row, seen.get(id))] : []
    }),
    nextCursor: last ? writeCursor(last) : null,
  }
}

type Place = readonly [key: number, id: string]

/** By name among the wanted ones: walks the index until the page is full. */
async function pageFiltered(
  ctx: ServiceContext,
  input: ListDevicesInput,
  wanted: ReadonlySet<string>,
  seen: ReadonlyMap<string, number>,
): Promise<DevicePage> {
  const items: DeviceView[] = []
  let after = input.cursor === undefined ? undefined : readCursor(input.cursor)
  for (;;) {
    const page = {
      descending: input.sort === '-name',
      limit: 500,
      ...(after && { after: { name: String(after[0]), id: after[1] } }),
    }
    const rows = await pageDevicesByName(ctx.registry, ctx.tenantId, input, page)
    for (const row of rows) {
      after = [row.name, row.id]
      if (!wanted.has(row.id)) continue
      items.push(toDeviceView(ctx, row, seen.get(row.id)))
      if (items.length === input.limit) return { items, nextCursor: writeCursor([row.name, row.id]) }
    }
    if (rows.length < page.limit) return { items, nextCursor: null }
  }
}

function writeCursor(place: readonly [string | number, string]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

function readCursor(cursor: string): readonly [string | number, string] {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(place) && place.length === 2 && typeof place[1] === 'string') {
      const [key, id] = place as [unknown, string]
      if (typeof key === 'string' || typeof key === 'number') return [key, id]
    }
  } catch {
    // answered below
  }
  const detail = 'The cursor is not one that a list answered.'
  throw new AppError('validation_rejected', {
    reason: 'field_invalid',
    detail,
    errors: [{ pointer: 'cursor', code: 'invalid', detail }],
  })
}
