import { env } from 'cloudflare:workers'
import { getTableColumns, is, Table } from 'drizzle-orm'
import { getTableConfig, type SQLiteTable } from 'drizzle-orm/sqlite-core'
import { describe, expect, it } from 'vitest'
import * as alarms from '../../src/store/schema-alarms.ts'
import * as devices from '../../src/store/schema-devices.ts'
import * as people from '../../src/store/schema-people.ts'
import * as tenants from '../../src/store/schema-tenants.ts'
import * as telemetry from '../../src/store/telemetry-schema.ts'

interface ColumnInfo {
  readonly name: string
  readonly type: string
  readonly notnull: number
  readonly pk: number
}

const isTable = (value: unknown): value is SQLiteTable => is(value, Table)

async function tablesOf(db: D1Database): Promise<{ name: string; sql: string }[]> {
  const { results } = await db
    .prepare(
      `SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'd1%' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`,
    )
    .all<{ name: string; sql: string }>()
  return results.toSorted((a, b) => a.name.localeCompare(b.name))
}

const cases = [
  ['registry', () => env.DB, Object.values({ ...tenants, ...people, ...devices, ...alarms }).filter(isTable)],
  ['telemetry', () => env.TELEMETRY_0, Object.values(telemetry).filter(isTable)],
] as const

describe.each(cases)('the %s schema', (_, open, tables) => {
  it('names the tables that the migrations made, all STRICT', async () => {
    const made = await tablesOf(open())
    expect(made.map(({ name }) => name)).toEqual(
      tables.map((table) => getTableConfig(table).name).toSorted((a, b) => a.localeCompare(b)),
    )
    for (const { sql } of made) expect(sql).toMatch(/\) STRICT, WITHOUT ROWID$/)
  })

  it.each(tables.map((table) => [getTableConfig(table).name, table] as const))(
    'has the columns and indexes of %s',
    async (name, table) => {
      const { results } = await open()
        .prepare(`SELECT name, type, "notnull", pk FROM pragma_table_info(?)`)
        .bind(name)
        .all<ColumnInfo>()
      const config = getTableConfig(table)
      const primary = new Set([
        ...config.primaryKeys.flatMap(({ columns }) => columns.map((column) => column.name)),
        ...config.columns.filter((column) => column.primary).map((column) => column.name),
      ])
      const expected = Object.values(getTableColumns(table)).map((column) => ({
        name: column.name,
        type: column.getSQLType().toUpperCase(),
        required: column.notNull || primary.has(column.name),
        primary: primary.has(column.name),
      }))
      const actual = results.map((column) => ({
        name: column.name,
        type: column.type,
        required: column.notnull === 1 || column.pk > 0,
        primary: column.pk > 0,
      }))
      expect(actual).toEqual(expected)

      const indexes = await open()
        .prepare(`SELECT name, "unique" FROM pragma_index_list(?) WHERE origin = 'c' ORDER BY name`)
        .bind(name)
        .all<{ name: string; unique: number }>()
      const described = config.indexes.map(({ config: index }) => ({ name: index.name, unique: index.unique ? 1 : 0 }))
      expect(indexes.results).toEqual(described.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    },
  )
})
