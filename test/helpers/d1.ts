/** Called before each statement, or each batch as one; throws or waits to make the database misbehave. */
export type Before = (
  statements: readonly { readonly sql: string; readonly values: readonly unknown[] }[],
) => Promise<void> | void

class Statement {
  readonly #inner: D1PreparedStatement
  readonly #before: Before
  readonly sql: string
  readonly values: readonly unknown[]

  constructor(inner: D1PreparedStatement, before: Before, sql: string, values: readonly unknown[] = []) {
    this.#inner = inner
    this.#before = before
    this.sql = sql
    this.values = values
  }

  get inner(): D1PreparedStatement {
    return this.#inner
  }

  bind(...values: unknown[]): Statement {
    return new Statement(this.#inner.bind(...values), this.#before, this.sql, values)
  }

  async run() {
    await this.#before([this])
    return this.#inner.run()
  }

  async all() {
    await this.#before([this])
    return this.#inner.all()
  }

  async first() {
    await this.#before([this])
    return this.#inner.first()
  }

  async raw() {
    await this.#before([this])
    return this.#inner.raw()
  }
}

/** The same database behind a hook. */
export function hooked(db: D1Database, before: Before): D1Database {
  const wrapped = {
    prepare: (sql: string) => new Statement(db.prepare(sql), before, sql),
    async batch(statements: readonly Statement[]) {
      await before(statements)
      return db.batch(statements.map(({ inner }) => inner))
    },
  }
  return wrapped as unknown as D1Database
}

/** What a database was asked and did. */
export interface Tally {
  statements: number
  rowsWritten: number
  rowsRead: number
}

/** The same database, counted as it is billed. */
export function counted(db: D1Database, tally: Tally): D1Database {
  const add = <T extends D1Result>(result: T): T => {
    tally.statements++
    tally.rowsWritten += result.meta.rows_written
    tally.rowsRead += result.meta.rows_read
    return result
  }
  const statement = (inner: D1PreparedStatement): unknown => ({
    inner,
    bind: (...values: unknown[]) => statement(inner.bind(...values)),
    run: async () => add(await inner.run()),
    all: async () => add(await inner.all()),
    first: async () => add(await inner.all()).results[0] ?? null,
    raw: async () => {
      const { results } = add(await inner.all<Record<string, unknown>>())
      return results.map((row) => Object.values(row))
    },
  })
  const wrapped = {
    prepare: (sql: string) => statement(db.prepare(sql)),
    batch: async (statements: readonly { readonly inner: D1PreparedStatement }[]) =>
      (await db.batch(statements.map(({ inner }) => inner))).map(add),
  }
  return wrapped as unknown as D1Database
}
