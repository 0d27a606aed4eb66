export type SqlRow = Record<string, ArrayBuffer | string | number | null>

/** What is needed of an object's SQLite. */
export interface SpaceStorage {
  readonly sql: {
    exec<Row extends SqlRow>(
      query: string,
      ...bound: (Uint8Array | string | number | null)[]
    ): {
      toArray(): Row[]
    }
  }
  /** Whether there is anything to read. */
  readonly isReady: boolean
  /** Before a write. */
  prepare(): void
}
