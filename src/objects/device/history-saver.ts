import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { log } from '../../log.ts'
import type { CommandQueue } from './command-queue.ts'
import type { CommandRow } from './command-row.ts'

export interface HistoryPorts {
  saveHistory(device: DeviceIdentity, rows: readonly CommandRow[]): Promise<void>
  /** The object's alarm must ring by then. */
  arm(at: number): void
  now(): number
}

/**
 * Brings the history of commands up to date; what could not be saved is tried again by the alarm. One save at a time,
 * so that none overtakes a newer one; who comes meanwhile shares the next.
 */
export class HistorySaver {
  readonly #queue: CommandQueue
  readonly #ports: HistoryPorts
  #saving: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(queue: CommandQueue, ports: HistoryPorts) {
    this.#queue = queue
    this.#ports = ports
  }

  flush(): Promise<void> {
    const next = () => {
      this.#next = undefined
      this.#saving = this.#save()
      return this.#saving
    }
    this.#next ??= this.#saving.then(next, next)
    return this.#next
  }

  async #save(): Promise<void> {
    for (;;) {
      const rows = this.#queue.unsaved()
      const [first] = rows
      if (!first) return
      try {
        await this.#ports.saveHistory(first.device, rows)
        this.#queue.saved(rows)
      } catch (error) {
        log('warn', 'commands_not_saved', { device_id: first.device.deviceId, error })
        return this.#ports.arm(this.#ports.now() + limits.commandSaveRetryMs)
      }
    }
  }
}
