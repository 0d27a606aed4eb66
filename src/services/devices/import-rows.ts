import * as z from 'zod'
import { AppError } from '../../domain/errors.ts'
import { newDeviceId, newDeviceToken } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { ImportedDevice } from '../../store/device-import.ts'
import { deviceLabel, deviceName, deviceType, inactivityTimeout } from './device-fields.ts'
import { checkLevels, checkToken, readDevEui } from './device-input.ts'
import { readRecords } from './import-records.ts'

export const importColumns = [
  'name',
  'deviceType',
  'label',
  'isGateway',
  'parentGateway',
  'devEui',
  'token',
  'inactivityTimeoutMs',
] as const
type ImportColumn = (typeof importColumns)[number]

export interface RowError {
  /** 1 is the first data row. */
  readonly row: number
  readonly column?: string
  readonly code: string
  readonly detail: string
}

export interface ParsedRow {
  readonly row: number
  readonly device: ImportedDevice
  /** Name or id, as the file says it. */
  readonly parentGateway: string | null
}

export interface ParsedImport {
  readonly rows: readonly ParsedRow[]
  readonly errors: readonly RowError[]
  readonly warnings: readonly string[]
}

const flags = new Map([
  ['true', true],
  ['yes', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['0', false],
])

const absent = (value: unknown) => value === undefined || value === null || (typeof value === 'string' && !value.trim())
/** An empty cell is an absent one; a number where text is meant is its digits. */
const asText = (value: unknown) => (absent(value) ? undefined : typeof value === 'number' ? String(value) : value)
const asNumber = (value: unknown) => (absent(value) ? undefined : typeof value === 'string' ? Number(value) : value)
const asFlag = (value: unknown) =>
  absent(value) ? undefined : typeof value === 'boolean' ? value : flags.get(String(value).trim().toLowerCase())

const rowSchema = z.object({
  name: z.preprocess(asText, deviceName),
  deviceType: z.preprocess(asText, deviceType.default('default')),
  label: z.preprocess(asText, deviceLabel.optional()),
  isGateway: z.preprocess((value) => (absent(value) ? false : (asFlag(value) ?? value)), z.boolean()),
  parentGateway: z.preprocess(asText, deviceName.optional()),
  devEui: z.preprocess(asText, z.string().optional()),
  token: z.preprocess(asText, z.string().trim().optional()),
  inactivityTimeoutMs: z.preprocess(asNumber, inactivityTimeout.optional()),
})

/** Reads an import file. Each row on its own: one that breaks a rule takes no other down. */
export function parseImport(contentType: string, text: string): ParsedImport {
  const { records, columns } = readRecords(contentType, text)
  if (records.length > limits.importRows) {
    const detail = `The file holds ${records.length} rows; at most ${limits.importRows} are taken.`
    throw new AppError('validation_rejected', { reason: 'batch_too_long', detail })
  }
  const rows: ParsedRow[] = []
  const errors: RowError[] = []
  const firstRows = new Map<string, number>()
  for (const [index, record] of records.entries()) {
    const row = index + 1
    const parsed = 'fault' in record ? { row, code: 'payload_malformed', detail: record.fault } : parseRow(row, record)
    if ('code' in parsed) {
      errors.push(parsed)
      continue
    }
    const identity = identityOf(parsed.device)
    const twin = firstRows.get(identity)
    if (twin !== undefined) errors.push({ row, code: 'conflict', detail: `The same device as row ${twin}.` })
    else {
      firstRows.set(identity, row)
      rows.push(parsed)
    }
  }
  return { rows, errors, warnings: warningsOf(columns) }
}

function warningsOf(columns: readonly string[]): string[] {
  const unknown = columns.filter((column) => !(importColumns as readonly string[]).includes(column))
  return unknown.map((column) => `The column "${column.slice(0, 64)}" is not known and was not read.`)
}

/** By DevEUI if it has one, else by the token that it brings, else by name. */
export function identityOf(device: Pick<ImportedDevice, 'identity' | 'devEui' | 'token' | 'name'>): string {
  const value = { dev_eui: device.devEui, token: device.token, name: device.name }[device.identity]
  return `${device.identity}:${value}`
}

function parseRow(row: number, { value }: { readonly value: unknown }): ParsedRow | RowError {
  const result = rowSchema.safeParse(value)
  if (!result.success) {
    const [issue] = result.error.issues
    const column = issue?.path[0]
    const detail = issue?.message ?? 'The row is not as expected.'
    return { row, ...(column !== undefined && { column: String(column) }), code: 'field_invalid', detail }
  }
  const { parentGateway = null, devEui: eui, token, label = null, inactivityTimeoutMs = null, ...rest } = result.data
  const devEui = inColumn('devEui', row, () => readDevEui(eui))
  if (isRowError(devEui)) return devEui
  const given = inColumn('token', row, () => (token === undefined ? undefined : checkToken(token)))
  if (isRowError(given)) return given
  const levels = inColumn('parentGateway', row, () => checkLevels(rest.isGateway, parentGateway))
  if (isRowError(levels)) return levels
  const device: ImportedDevice = {
    ...rest,
    id: newDeviceId(),
    label,
    token: given ?? newDeviceToken(),
    parentGatewayId: null,
    devEui,
    inactivityTimeoutMs,
    identity: devEui ? 'dev_eui' : given === undefined ? 'name' : 'token',
  }
  return { row, device, parentGateway }
}

function inColumn<T>(column: ImportColumn, row: number, check: () => T): T | RowError {
  try {
    return check()
  } catch (error) {
    if (error instanceof AppError) return { row, column, code: error.reason ?? error.code, detail: error.detail }
    throw error
  }
}

function isRowError(value: unknown): value is RowError {
  return typeof value === 'object' && value !== null && 'row' in value
}
