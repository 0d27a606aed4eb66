import { limits } from '../../domain/limits.ts'
import { migrateStorage } from '../storage-migrations.ts'

const migrations = [
  `CREATE TABLE failures (key TEXT PRIMARY KEY, count INTEGER NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE INDEX failures_age ON failures (until);
   CREATE TABLE known (key TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE INDEX known_age ON known (until);`,
]

/**
 * Failed attempts, each counted before its password is looked at and taken back if it was right. Where a person signed in
 * from before has a count of its own: strangers who use up the account's cannot lock the person out.
 */
export class AttemptBook {
  readonly #sql: SqlStorage

  constructor(storage: DurableObjectStorage) {
    migrateStorage(storage, migrations)
    this.#sql = storage.sql
  }

  /** How long to wait; 0: go on, it is counted. */
  begin(account: string, network: string, now: number): number {
    this.#forgetOld(now)
    const own = `${account} ${network}`
    if (this.#isKnown(own, now)) return this.#count([[own, limits.signInKnownFailures]], now)
    const counts = [
      [own, limits.signInFailures],
      [account, limits.signInAccountFailures],
    ] as const
    return this.#count(counts, now)
  }

  succeed(account: string, network: string, now: number): void {
    const own = `${account} ${network}`
    if (!this.#isKnown(own, now)) this.#takeBack(account)
    this.#sql.exec('DELETE FROM failures WHERE key = ?', own)
    const until = now + limits.knownAddressMs
    this.#sql.exec('INSERT INTO known VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET until = ?2', own, until)
  }

  beginOfNetwork(network: string, now: number): number {
    this.#forgetOld(now)
    return this.#count([[`network ${network}`, limits.signInAddressFailures]], now)
  }

  refundNetwork(network: string): void {
    this.#takeBack(`network ${network}`)
  }

  #count(counts: readonly (readonly [key: string, most: number])[], now: number): number {
    for (const [key, most] of counts) {
      const [row] = this.#sql
        .exec<{ count: number; until: number }>('SELECT count, until FROM failures WHERE key = ?', key)
        .toArray()
      if (row && row.count >= most) return row.until - now
    }
    for (const [key] of counts) {
      const until = now + limits.signInWindowMs
      this.#sql.exec(
        'INSERT INTO failures VALUES (?1, 1, ?2) ON CONFLICT (key) DO UPDATE SET count = count + 1',
        key,
        until,
      )
    }
    return 0
  }

  #takeBack(key: string): void {
    this.#sql.exec('UPDATE failures SET count = count - 1 WHERE key = ? AND count > 0', key)
  }

  #isKnown(own: string, now: number): boolean {
    return this.#sql.exec('SELECT 1 FROM known WHERE key = ? AND until > ?', own, now).toArray().length > 0
  }

  #forgetOld(now: number): void {
    this.#sql.exec('DELETE FROM failures WHERE until <= ?', now)
    this.#sql.exec('DELETE FROM known WHERE until <= ?', now)
  }
}
