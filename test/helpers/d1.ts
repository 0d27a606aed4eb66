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
