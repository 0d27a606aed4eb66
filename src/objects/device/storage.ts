import { isMigrated, migrateStorage } from '../storage-migrations.ts'

/** A device object's own tables, made when something is first written: an object that has nothing to keep pays for nothing. */
export class DeviceStorage {
  readonly #storage: DurableObjectStorage
  readonly #migrations: readonly string[]
  #isReady: boolean

  constructor(storage: DurableObjectStorage, migrations: readonly string[]) {
    this.#storage = storage
    this.#migrations = migrations
    this.#isReady = isMigrated(storage)
    if (this.#isReady) migrateStorage(storage, migrations)
  }

  get sql(): SqlStorage {
    return this.#storage.sql
  }

  /** Whether there is anything to read. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Before a write. */
  prepare(): void {
    if (this.#isReady) return
    migrateStorage(this.#storage, this.#migrations)
    this.#isReady = true
  }

  /** Everything, the alarm too. */
  async erase(): Promise<void> {
    await this.#storage.deleteAll()
    this.#isReady = false
  }
}
