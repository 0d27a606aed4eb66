import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1'
import * as schema from './schema.ts'

/** The registry database: tenants, devices, credentials, rules. No interactive transactions: use `batch`. */
export type Registry = DrizzleD1Database<typeof schema> & {
  readonly $client: D1Database
}

export function openRegistry(db: D1Database): Registry {
  return drizzle(db, { schema })
}
