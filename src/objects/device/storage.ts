import { AppError } from '../../domain/errors.ts'
import { isMigrated, migrateStorage } from '../storage-migrations.ts'

/** A device object's own tables, made when something is first written: an object that has nothing to keep pays for nothing. */
export class DeviceStorage {
  readonly #storage: DurableObjectStorage
  readonly #migrations: readonly string[]
  #isReady: boolean
  #isErased = false

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

  /**
   * Before a write.
   * @throws AppError device_not_found: what was under way when the device was deleted leaves nothing behind
   */
  prepare(): void {
    if (this.#isReady) return
    if (this.#isErased) throw new AppError('device_not_found', { detail: 'There is no such device any more.' })
    migrateStorage(this.#storage, this.#migrations)
    this.#isReady = true
  }

  /** Everything, the alarm too. */
  async erase(): Promise<void> {
    this.#isErased = true
    this.#isReady = false
    await this.#storage.deleteAll()
  }
}
