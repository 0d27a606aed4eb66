import * as z from 'zod'
import { readCsv } from '../../codec/csv.ts'
import { parseJson } from '../../codec/json.ts'
import { AppError } from '../../domain/errors.ts'
import { newDeviceId, newDeviceToken } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { ImportedDevice } from '../../store/device-import.ts'
import { checkLevels, checkToken, readDevEui } from './device-input.ts'

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

const blank = (value: unknown) => (typeof value === 'string' && value.trim() === '' ? undefined : (value ?? undefined))
const truths = new Map([
  ['true', true],
  ['yes', true],
  ['1', true],
  ['false', false],
  ['no', false],
  ['0', false],
])

const rowSchema = z.object({
  name: z.preprocess(blank, z.coerce.string().trim().min(1).max(255)),
  deviceType: z.preprocess(blank, z.string().trim().max(64).default('default')),
  label: z.preprocess(blank, z.string().max(255).optional()),
  isGateway: z.preprocess((value) => {
    const given = blank(value)
    return typeof given === 'string' ? (truths.get(given.trim().toLowerCase()) ?? given) : given
  }, z.boolean().default(false)),
  parentGateway: z.preprocess(blank, z.string().trim().optional()),
  devEui: z.preprocess(blank, z.string().optional()),
  token: z.preprocess(blank, z.string().trim().optional()),
  inactivityTimeoutMs: z.preprocess(blank, z.coerce.number().int().min(1000).max(31_536_000_000).optional()),
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
  const seen = new Map<string, number>()
  for (const [index, record] of records.entries()) {
    const row = index + 1
    const parsed = record instanceof AppError ? toRowError(row, record) : parseRow(row, record)
    if ('code' in parsed) {
      errors.push(parsed)
      continue
    }
    const twin = seen.get(identityOf(parsed.device))
    if (twin !== undefined) errors.push({ row, code: 'conflict', detail: `The same device as row ${twin}.` })
    else rows.push(parsed)
    if (twin === undefined) seen.set(identityOf(parsed.device), row)
  }
  const unknown = columns.filter((column) => !(importColumns as readonly string[]).includes(column))
  return {
    rows,
    errors,
    warnings: unknown.map((column) => `The column "${column.slice(0, 64)}" is not known and was not read.`),
  }
}

export function identityOf(device: Pick<ImportedDevice, 'identity' | 'devEui' | 'token' | 'name'>): string {
  const value = { dev_eui: device.devEui, token: device.token, name: device.name.toLowerCase() }[device.identity]
  return `${device.identity}:${value}`
}

function readRecords(contentType: string, text: string): { records: unknown[]; columns: string[] } {
  if (contentType === 'text/csv') {
    const { header, rows } = readCsv(text)
    return { records: [...rows], columns: [...header] }
  }
  if (contentType === 'application/json') {
    const value = parseJson(text)
    if (!Array.isArray(value)) {
      throw new AppError('validation_rejected', {
        reason: 'not_an_object',
        detail: 'An array of devices was expected.',
      })
    }
    return { records: value, columns: columnsOf(value) }
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const records = lines.map((line): unknown => {
    try {
      return parseJson(line)
    } catch (error) {
      return error
    }
  })
  return { records, columns: columnsOf(records) }
}

function columnsOf(records: readonly unknown[]): string[] {
  const columns = new Set<string>()
  for (const record of records.slice(0, limits.importRows)) {
    if (typeof record === 'object' && record !== null && !(record instanceof Error)) {
      for (const key of Object.keys(record)) if (columns.size < 100) columns.add(key)
    }
  }
  return [...columns]
}

function parseRow(row: number, record: unknown): ParsedRow | RowError {
  const result = rowSchema.safeParse(record)
  if (!result.success) {
    const [issue] = result.error.issues
    const column = issue?.path[0]
    const detail = issue?.message ?? 'The row is not as expected.'
    return { row, ...(column !== undefined && { column: String(column) }), code: 'field_invalid', detail }
  }
  const { parentGateway = null, devEui, token, label = null, inactivityTimeoutMs = null, ...rest } = result.data
  try {
    checkLevels(rest.isGateway, parentGateway)
    const eui = readDevEui(devEui)
    const device: ImportedDevice = {
      ...rest,
      id: newDeviceId(),
      label,
      token: token === undefined ? newDeviceToken() : checkToken(token),
      parentGatewayId: null,
      devEui: eui,
      inactivityTimeoutMs,
      identity: eui ? 'dev_eui' : token === undefined ? 'name' : 'token',
    }
    return { row, device, parentGateway }
  } catch (error) {
    if (error instanceof AppError) return toRowError(row, error)
    throw error
  }
}

function toRowError(row: number, error: AppError): RowError {
  return { row, code: error.reason ?? error.code, detail: error.detail }
}
