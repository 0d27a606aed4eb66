import Papa from 'papaparse'

export interface CsvTable {
  readonly header: readonly string[]
  readonly rows: readonly CsvRow[]
}

/** Cells by column name; a fault where the line could not be read as it was meant. */
export interface CsvRow {
  readonly cells: Readonly<Record<string, string>>
  readonly fault?: string
}

const delimiters = [',', ';', '\t'] as const

/** What a spreadsheet runs as a formula, and what an escape of it looks like. */
const formula = /^'*[=+\-@\t\r]/
const escaped = /^'+[=+\-@\t\r]/

/** Reads CSV with a header row: comma, semicolon or tab, with a BOM, CRLF and Excel's "sep=" line or without. */
export function readCsv(text: string): CsvTable {
  const { body, delimiter } = findDelimiter(text.replace(/^\uFEFF/, ''))
  const { data, errors } = Papa.parse<string[]>(body, { delimiter })
  const quoteFaults = new Set(errors.filter(({ type }) => type === 'Quotes').map(({ row }) => row))
  const [first = [], ...lines] = data
  const header = first.map((name) => name.trim())
  const rows = lines.flatMap((line, index): CsvRow[] => {
    if (line.every((cell) => cell.trim() === '')) return []
    const fault = quoteFaults.has(index + 1)
      ? 'A quoted cell does not end as it should.'
      : line.slice(header.length).some((cell) => cell.trim() !== '')
        ? 'The row has more cells than the header.'
        : undefined
    return [{ cells: toRecord(header, line), ...(fault !== undefined && { fault }) }]
  })
  return { header: header.filter((name) => name !== ''), rows }
}

/** By the header line, whose names hold none of them: cells may. */
function findDelimiter(text: string): { body: string; delimiter: string } {
  const told = /^sep=(.)\r?\n/i.exec(text)
  if (told?.[1]) return { body: text.slice(told[0].length), delimiter: told[1] }
  const [header = ''] = text.split(/\r?\n|\r/, 1)
  const count = (delimiter: string) => header.split(delimiter).length
  const delimiter = delimiters.reduce((best, next) => (count(next) > count(best) ? next : best))
  return { body: text, delimiter }
}

/** Without a prototype: a column may have any name. Of two columns with one name the first is read. */
function toRecord(header: readonly string[], line: readonly string[]): Record<string, string> {
  const cells = Object.create(null) as Record<string, string>
  for (const [index, name] of header.entries()) {
    const cell = line[index]
    if (name !== '' && cell !== undefined && !(name in cells)) cells[name] = escaped.test(cell) ? cell.slice(1) : cell
  }
  return cells
}

/** One line, CRLF at its end (RFC 4180). Text that a spreadsheet would run as a formula is escaped by an apostrophe. */
export function csvLine(cells: readonly unknown[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

function csvCell(cell: unknown): string {
  if (cell === null || cell === undefined) return ''
  if (typeof cell === 'number' || typeof cell === 'boolean') return String(cell)
  const text = typeof cell === 'string' ? cell : JSON.stringify(cell)
  // What looks escaped already is escaped once more, so that reading gives back what was written.
  const safe = formula.test(text) ? `'${text}` : text
  return /[",;\r\n\t]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
