import Papa from 'papaparse'

export interface CsvTable {
  readonly header: readonly string[]
  readonly rows: readonly Readonly<Record<string, string>>[]
}

/** Reads CSV with a header row; the delimiter (comma, semicolon, tab) is found, a BOM and CRLF are taken. */
export function readCsv(text: string): CsvTable {
  const { data, meta } = Papa.parse<Record<string, string>>(text.replace(/^\uFEFF/, ''), {
    header: true,
    skipEmptyLines: 'greedy',
    transformHeader: (name) => name.trim(),
  })
  return { header: meta.fields ?? [], rows: data }
}

/** One line, CRLF at its end (RFC 4180). Text that a spreadsheet would run as a formula is escaped by an apostrophe. */
export function csvLine(cells: readonly unknown[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

function csvCell(cell: unknown): string {
  if (cell === null || cell === undefined) return ''
  if (typeof cell === 'number' || typeof cell === 'boolean') return String(cell)
  const text = typeof cell === 'string' ? cell : JSON.stringify(cell)
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
