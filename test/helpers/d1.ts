/** Called before each statement, or each batch as one; throws or waits to make the database misbehave. */
export type Before = (
  statements: readonly { readonly sql: string; readonly values: readonly unknown[] }[],
) => Promise<void> | void

class Statement {
  readonly #inner: D1PreparedStatement
  readonly #before: Before
  readonly #after: Before
  readonly sql: string
  readonly values: readonly unknown[]

  constructor(inner: D1PreparedStatement, before: Before, after: Before, sql: string, values: readonly unknown[] = []) {
    this.#inner = inner
    this.#before = before
    this.#after = after
    this.sql = sql
    this.values = values
  }

  get inner(): D1PreparedStatement {
    return this.#inner
  }

  bind(...values: unknown[]): Statement {
    return new Statement(this.#inner.bind(...values), this.#before, this.#after, this.sql, values)
  }

  async #around<T>(work: () => Promise<T>): Promise<T> {
    await this.#before([this])
    const result = await work()
    await this.#after([this])
    return result
  }

  run() {
    return this.#around(() => this.#inner.run())
  }

  all() {
    return this.#around(() => this.#inner.all())
  }

  first() {
    return this.#around(() => this.#inner.first())
  }

  raw() {
    return this.#around(() => this.#inner.raw())
  }
}

/** The same database behind a hook; another one is called before the answer is given. */
export function hooked(db: D1Database, before: Before, after: Before = () => undefined): D1Database {
  const wrapped = {
    prepare: (sql: string) => new Statement(db.prepare(sql), before, after, sql),
    async batch(statements: readonly Statement[]) {
      await before(statements)
      const results = await db.batch(statements.map(({ inner }) => inner))
      await after(statements)
      return results
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
