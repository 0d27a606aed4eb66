import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { errorCatalog, errorReasons } from '../../src/domain/errors.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'errors.md'), 'utf8')

function rowsBelow(heading: string): string[] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return section.split('\n').filter((line) => line.startsWith('| `'))
}

it('docs/errors.md lists every code as the catalog has it', () => {
  const rows = Object.entries(errorCatalog).map(
    ([code, { title, status, retryable }]) => `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${title} |`,
  )
  expect(rowsBelow('Codes')).toEqual(rows)
})

it('docs/errors.md lists every reason as the catalog has it', () => {
  expect(rowsBelow('Reasons')).toEqual(
    Object.entries(errorReasons).map(([reason, title]) => `| \`${reason}\` | ${title} |`),
  )
})
