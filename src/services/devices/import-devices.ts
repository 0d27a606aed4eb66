import {
  deviceRoom,
  findKnownDevices,
  type ImportedDevice,
  insertImported,
  type KnownDevice,
  type KnownKeys,
} from '../../store/device-import.ts'
import type { ServiceContext } from '../context.ts'
import { identityOf, type ParsedRow, parseImport, type RowError } from './import-rows.ts'
import { forgetToken } from './token-cache.ts'

export interface ImportInput {
  readonly contentType: string
  readonly text: string
  /** False: nothing is written. */
  readonly write: boolean
}

export interface ImportResult {
  readonly created: number
  readonly existing: number
  readonly rejected: number
  readonly devices: { row: number; deviceId: string; name: string; status: 'created' | 'existing' }[]
  readonly errors: readonly RowError[]
  readonly warnings: readonly string[]
}

/** Good rows go in even where others are bad; a file that comes twice makes nothing twice. */
export async function importDevices({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: ImportInput
}): Promise<ImportResult> {
  const { rows, errors: unreadable, warnings } = parseImport(input.contentType, input.text)
  const errors = [...unreadable]
  const devices: ImportResult['devices'] = []
  // Gateways first: a child may name one that stands later in the file.
  for (const part of [rows.filter(({ device }) => device.isGateway), rows.filter(({ device }) => !device.isGateway)]) {
    const gatewaysInFile = input.write ? [] : rows.filter(({ device }) => device.isGateway).map(({ device }) => device)
    const outcome = await importPart(ctx, part, gatewaysInFile, input.write)
    devices.push(...outcome.devices)
    errors.push(...outcome.errors)
  }
  devices.sort((a, b) => a.row - b.row)
  errors.sort((a, b) => a.row - b.row)
  const created = devices.filter(({ status }) => status === 'created').length
  return { created, existing: devices.length - created, rejected: errors.length, devices, errors, warnings }
}

async function importPart(
  ctx: ServiceContext,
  rows: readonly ParsedRow[],
  gatewaysInFile: readonly KnownDevice[],
  write: boolean,
): Promise<Pick<ImportResult, 'devices'> & { errors: RowError[] }> {
  if (rows.length === 0) return { devices: [], errors: [] }
  const known = await findKnownDevices(ctx.registry, ctx.tenantId, keysOf(rows))
  const gateways = [...known, ...gatewaysInFile].filter(({ isGateway }) => isGateway)
  let room = await deviceRoom(ctx.registry, ctx.tenantId)
  const errors: RowError[] = []
  const fresh: { row: number; device: ImportedDevice }[] = []
  const devices: ImportResult['devices'] = []
  for (const { row, device, parentGateway } of rows) {
    const twin = findTwin(device, known)
    const parent = parentGateway === null ? undefined : findGateway(parentGateway, gateways)
    if (twin) devices.push({ row, deviceId: twin.id, name: twin.name, status: 'existing' })
    else if (parentGateway !== null && !parent) {
      const detail = 'The parent is not a gateway of this tenant.'
      errors.push({ row, column: 'parentGateway', code: 'parent_not_a_gateway', detail })
    } else if (room-- <= 0) errors.push({ row, code: 'plan_limit', detail: 'The plan allows no more devices.' })
    else fresh.push({ row, device: { ...device, parentGatewayId: parent?.id ?? null } })
  }
  if (!write) return { devices: [...devices, ...fresh.map((entry) => toCreated(entry))], errors }

  const written = await insertImported(
    ctx.registry,
    ctx.tenantId,
    fresh.map(({ device }) => device),
    ctx.now,
  )
  const lost = fresh.filter(({ device }) => !written.has(device.id))
  for (const entry of fresh) {
    if (!written.has(entry.device.id)) continue
    forgetToken(entry.device.token)
    devices.push(toCreated(entry))
  }
  const now = lost.length === 0 ? [] : await findKnownDevices(ctx.registry, ctx.tenantId, keysOf(lost.map(toParsed)))
  for (const { row, device } of lost) {
    const twin = findTwin(device, now)
    if (twin) devices.push({ row, deviceId: twin.id, name: twin.name, status: 'existing' })
    else errors.push({ row, code: 'conflict', detail: 'Its DevEUI or token is another device’s.' })
  }
  return { devices, errors }
}

const toParsed = ({ row, device }: { row: number; device: ImportedDevice }): ParsedRow => ({
  row,
  device,
  parentGateway: null,
})

function toCreated({ row, device }: { row: number; device: ImportedDevice }): ImportResult['devices'][number] {
  return { row, deviceId: device.id, name: device.name, status: 'created' }
}

function findTwin(device: ImportedDevice, known: readonly KnownDevice[]): KnownDevice | undefined {
  const identity = identityOf(device)
  return known.find((candidate) => identityOf({ ...candidate, identity: device.identity }) === identity)
}

function findGateway(text: string, gateways: readonly KnownDevice[]): KnownDevice | undefined {
  return gateways.find(({ id }) => id === text.toLowerCase()) ?? gateways.find(({ name }) => name === text)
}

function keysOf(rows: readonly ParsedRow[]): KnownKeys {
  const parents = rows.flatMap(({ parentGateway }) => (parentGateway === null ? [] : [parentGateway]))
  return {
    names: [...rows.map(({ device }) => device.name), ...parents],
    devEuis: rows.flatMap(({ device }) => device.devEui ?? []),
    tokens: rows.map(({ device }) => device.token),
    ids: parents.map((text) => text.toLowerCase()),
  }
}
