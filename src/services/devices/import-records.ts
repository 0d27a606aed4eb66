import { readCsv } from '../../codec/csv.ts'
import { parseJson } from '../../codec/json.ts'
import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'

/** One row of a file as it stands there, or why it could not be read. */
export type ImportRecord = { readonly value: unknown } | { readonly fault: string }

export interface ImportFile {
  readonly records: readonly ImportRecord[]
  readonly columns: readonly string[]
}

const columnsListed = 100

/** @throws AppError payload_malformed where nothing of the file can be read */
export function readRecords(contentType: string, text: string): ImportFile {
  if (contentType === 'text/csv') {
    const { header, rows } = readCsv(text)
    const records = rows.map(({ cells, fault }): ImportRecord => (fault === undefined ? { value: cells } : { fault }))
    return { records, columns: header.slice(0, columnsListed) }
  }
  const records = contentType === 'application/json' ? readArray(text) : readLines(text)
  return { records, columns: columnsOf(records) }
}

function readArray(text: string): ImportRecord[] {
  const value = parseJson(text)
  if (Array.isArray(value)) return value.map((item: unknown) => ({ value: item }))
  throw new AppError('validation_rejected', { reason: 'field_invalid', detail: 'An array of devices was expected.' })
}

function readLines(text: string): ImportRecord[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.map((line) => {
    try {
      return { value: parseJson(line) }
    } catch (error) {
      if (error instanceof AppError) return { fault: error.detail }
      throw error
    }
  })
}

function columnsOf(records: readonly ImportRecord[]): string[] {
  const columns = new Set<string>()
  for (const record of records.slice(0, limits.importRows)) {
    const value = 'value' in record ? record.value : undefined
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue
    for (const key of Object.keys(value)) if (columns.size < columnsListed) columns.add(key)
  }
  return [...columns]
}
