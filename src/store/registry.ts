import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1'

/** The registry database: tenants, devices, credentials, rules. No interactive transactions: use `batch`. */
export type Registry = DrizzleD1Database & {
  readonly $client: D1Database
}

export function openRegistry(db: D1Database): Registry {
  return drizzle(db)
}
