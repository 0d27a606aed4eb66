import type { NetworkRoute } from '../../domain/network-route.ts'
import type { DeviceStorage } from './storage.ts'

export const networkMigration =
  'CREATE TABLE network (id INTEGER PRIMARY KEY CHECK (id = 1), route TEXT NOT NULL) STRICT'

/** The LoRaWAN network server that a device was last heard by, and how it is told something there. */
export class NetworkLink {
  readonly #storage: DeviceStorage
  /** As it is stored; undefined: not read yet. */
  #stored: string | null | undefined

  constructor(storage: DeviceStorage) {
    this.#storage = storage
  }

  /** True: it is news. A row is written only then. */
  note(route: NetworkRoute): boolean {
    const known = this.route()
    // Of two webhooks of one application, one may be without a key.
    const isLess = route.server === 'ttn' && !route.target && known?.server === 'ttn'
    const json = JSON.stringify(route)
    if (isLess || json === this.#stored) return false
    this.#storage.prepare()
    this.#storage.sql.exec('INSERT OR REPLACE INTO network (id, route) VALUES (1, ?)', json)
    this.#stored = json
    return true
  }

  route(): NetworkRoute | undefined {
    if (this.#stored === undefined) this.#stored = this.#read()
    return this.#stored === null ? undefined : (JSON.parse(this.#stored) as NetworkRoute)
  }

  way(): NetworkRoute['server'] | undefined {
    return this.route()?.server
  }

  #read(): string | null {
    if (!this.#storage.isReady) return null
    return this.#storage.sql.exec<{ route: string }>('SELECT route FROM network').toArray()[0]?.route ?? null
  }
}
