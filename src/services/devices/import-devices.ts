import {
  deviceRoom,
  findKnownDevices,
  insertImported,
  type KnownDevice,
  type KnownKeys,
} from '../../store/device-import.ts'
import { assignShards } from '../../store/device-shards.ts'
import type { ServiceContext } from '../context.ts'
import { identityOf, type ParsedRow, parseImport, type RowError } from './import-rows.ts'
import { forgetToken } from './token-cache.ts'

export interface ImportInput {
  readonly contentType: string
  readonly text: string
  /** False: nothing is written. */
  readonly write: boolean
}

export interface ImportedRow {
  readonly row: number
  readonly deviceId: string
  readonly name: string
  readonly status: 'created' | 'existing'
}

export interface ImportResult {
  readonly created: number
  readonly existing: number
  readonly rejected: number
  readonly devices: readonly ImportedRow[]
  readonly errors: readonly RowError[]
  readonly warnings: readonly string[]
}

/** One import under way: what is left of the plan, and what became of each row. */
interface Run {
  readonly ctx: ServiceContext
  readonly write: boolean
  room: number
  /** Gateways that a file which is only checked would make. */
  readonly planned: KnownDevice[]
  readonly devices: ImportedRow[]
  readonly errors: RowError[]
}

/** Good rows go in even where others are bad; a file that comes twice makes nothing twice. */
export async function importDevices({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: ImportInput
}): Promise<ImportResult> {
  const { rows, errors, warnings } = parseImport(input.contentType, input.text)
  const room = await deviceRoom(ctx.registry, ctx.tenantId)
  const run: Run = { ctx, write: input.write, room, planned: [], devices: [], errors: [...errors] }
  // Gateways first: a child may name one that stands later in the file.
  for (const isGateway of [true, false]) {
    await importPart(
      run,
      rows.filter(({ device }) => device.isGateway === isGateway),
    )
  }
  const devices = run.devices.sort((a, b) => a.row - b.row)
  const created = devices.filter(({ status }) => status === 'created').length
  return {
    created,
    existing: devices.length - created,
    rejected: run.errors.length,
    devices,
    errors: run.errors.sort((a, b) => a.row - b.row),
    warnings,
  }
}

async function importPart(run: Run, rows: readonly ParsedRow[]): Promise<void> {
  if (rows.length === 0) return
  const { registry, telemetry, tenantId, now } = run.ctx
  const known = new KnownDevices(await findKnownDevices(registry, tenantId, keysOf(rows)), run.planned)
  const fresh = rows.flatMap((row) => admit(run, row, known))
  if (!run.write) {
    run.planned.push(...fresh.map(({ device }) => device))
    run.devices.push(...fresh.map(toCreated))
    return
  }
  const devices = fresh.map(({ device }) => device)
  await assignShards(
    registry,
    telemetry,
    devices.map(({ id }) => id),
  )
  const written = await insertImported(registry, tenantId, devices, now)
  for (const parsed of fresh) {
    if (!written.has(parsed.device.id)) continue
    forgetToken(parsed.device.token)
    run.devices.push(toCreated(parsed))
  }
  await explain(
    run,
    fresh.filter(({ device }) => !written.has(device.id)),
  )
}

/** The row with its parent's id; nothing where it is there already or cannot be, which is noted. */
function admit(run: Run, parsed: ParsedRow, known: KnownDevices): ParsedRow[] {
  const { row, device, parentGateway } = parsed
  const twin = known.twin(device)
  if (twin) {
    run.devices.push({ row, deviceId: twin.id, name: twin.name, status: 'existing' })
    return []
  }
  const parents = parentGateway === null ? [] : known.gateways(parentGateway)
  if (parentGateway !== null && parents.length !== 1) {
    run.errors.push(parentError(row, parents.length))
    return []
  }
  if (run.room <= 0) {
    run.errors.push(planError(row))
    return []
  }
  run.room--
  return [{ ...parsed, device: { ...device, parentGatewayId: parents[0]?.id ?? null } }]
}

/** Rows that were not written since something changed meanwhile: an import beside this one, a parent that went. */
async function explain(run: Run, lost: readonly ParsedRow[]): Promise<void> {
  if (lost.length === 0) return
  const { registry, tenantId } = run.ctx
  const known = new KnownDevices(await findKnownDevices(registry, tenantId, keysOf(lost)), [])
  const room = await deviceRoom(registry, tenantId)
  for (const { row, device } of lost) {
    const twin = known.twin(device)
    const parentGone = device.parentGatewayId !== null && known.gateways(device.parentGatewayId).length === 0
    if (twin) run.devices.push({ row, deviceId: twin.id, name: twin.name, status: 'existing' })
    else if (parentGone) run.errors.push(parentError(row, 0))
    else if (room <= 0) run.errors.push(planError(row))
    else run.errors.push({ row, code: 'conflict', detail: 'Its DevEUI or token cannot be used.' })
  }
}

/** Devices by what an import may call them. */
class KnownDevices {
  readonly #twins = new Map<string, KnownDevice>()
  readonly #gateways = new Map<string, KnownDevice[]>()

  constructor(stored: readonly KnownDevice[], planned: readonly KnownDevice[]) {
    for (const device of stored) {
      for (const identity of ['dev_eui', 'token', 'name'] as const) {
        this.#twins.set(identityOf({ ...device, identity }), device)
      }
    }
    for (const device of [...stored, ...planned]) {
      if (!device.isGateway) continue
      this.#gateways.set(device.id, [device])
      this.#gateways.set(device.name, [...(this.#gateways.get(device.name) ?? []), device])
    }
  }

  twin(device: ParsedRow['device']): KnownDevice | undefined {
    return this.#twins.get(identityOf(device))
  }

  gateways(nameOrId: string): readonly KnownDevice[] {
    return this.#gateways.get(nameOrId.toLowerCase()) ?? this.#gateways.get(nameOrId) ?? []
  }
}

function toCreated({ row, device }: ParsedRow): ImportedRow {
  return { row, deviceId: device.id, name: device.name, status: 'created' }
}

function parentError(row: number, found: number): RowError {
  const detail =
    found > 1 ? 'Several gateways have this name: give the id.' : 'The parent is not a gateway of this tenant.'
  return { row, column: 'parentGateway', code: 'parent_not_a_gateway', detail }
}

function planError(row: number): RowError {
  return { row, code: 'plan_limit', detail: 'The plan allows no more devices.' }
}

function keysOf(rows: readonly ParsedRow[]): KnownKeys {
  const parents = rows.flatMap(({ parentGateway }) => parentGateway ?? [])
  return {
    names: [...rows.flatMap(({ device }) => (device.identity === 'name' ? device.name : [])), ...parents],
    devEuis: rows.flatMap(({ device }) => device.devEui ?? []),
    tokens: rows.flatMap(({ device }) => (device.identity === 'token' ? device.token : [])),
    ids: [...parents.map((text) => text.toLowerCase()), ...rows.flatMap(({ device }) => device.parentGatewayId ?? [])],
  }
}
