import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { log } from '../../log.ts'
import type { SavedState } from '../../store/device-state.ts'
import type { StoredReading } from '../../store/read-telemetry.ts'
import type { DeviceStateRow } from '../../store/write-telemetry.ts'
import { LatestValues } from './latest-values.ts'
import type { SavedMark } from './saved-mark.ts'

export interface StatePorts {
  readMark(): SavedMark | undefined
  writeMark(mark: SavedMark): void
  load(device: DeviceIdentity): Promise<{ saved: SavedState | undefined; readings: readonly StoredReading[] }>
  save(device: DeviceIdentity, state: DeviceStateRow): Promise<void>
}

/**
 * The latest values and when the device was last heard of. A cold object takes readings without a look at D1
 * and knows only what came since it woke; history is folded in when somebody asks, or before a save.
 */
export class StateKeeper {
  readonly #ports: StatePorts
  readonly #values = new LatestValues()
  #mark: SavedMark | undefined
  readonly #keys: Set<string>
  #lastSeen: number
  #loading: Promise<void> | undefined
  #isLoaded = false
  #saving: Promise<void> | undefined
  #sinceSave = 0
  /** Something stands here that a rebuild from the saved state would not find. */
  #isUnsaved = false
  /** Key → time of values that came late, while it is unknown whether newer ones are saved. */
  readonly #late = new Map<string, number>()

  constructor(ports: StatePorts) {
    this.#ports = ports
    this.#mark = ports.readMark()
    this.#keys = new Set(this.#mark?.keys)
    this.#lastSeen = this.#mark?.lastSeen ?? 0
  }

  /** True: the state must be saved before the reading is acknowledged, or nobody would know the device is there. */
  observe(readings: readonly StoredReading[], receivedAt: number, timeoutMs: number): boolean {
    for (const reading of readings) this.#merge(reading)
    this.#lastSeen = Math.max(this.#lastSeen, receivedAt)
    return !this.#mark || (!this.#isCovered(timeoutMs) && receivedAt - this.#mark.lastSeen >= timeoutMs)
  }

  #merge({ ts, values }: StoredReading): void {
    const changed = this.#values.merge(ts, values)
    this.#sinceSave++
    if (this.#mark && ts < Math.min(this.#mark.newestTs, this.#mark.savedAt) - limits.stateOverlapMs) {
      if (this.#isLoaded) this.#isUnsaved ||= changed.length > 0
      else for (const key of changed) this.#late.set(key, ts)
    }
    for (const key of changed) {
      if (this.#keys.has(key) || this.#keys.size >= limits.latestKeys) continue
      this.#keys.add(key)
      this.#isUnsaved = true
    }
  }

  get lastSeen(): number | null {
    return this.#lastSeen || null
  }

  async latest(device: DeviceIdentity, now: number): Promise<LatestValues> {
    await this.#load(device, now)
    return this.#values
  }

  isDue(now: number, timeoutMs: number): boolean {
    if (!this.#mark || this.#isUnsaved || this.#late.size > 0) return true
    if (this.#sinceSave >= limits.stateRebuildRows / 2) return true
    const interval = this.#isCovered(timeoutMs) ? limits.stateSaveMs : Math.min(limits.stateSaveUnseenMs, timeoutMs / 2)
    return now - this.#mark.savedAt >= interval
  }

  /** Whether the newest reading in history says as much of the device's presence as `lastSeen` does. */
  #isCovered(timeoutMs: number): boolean {
    const newestTs = Math.max(this.#values.newestTs, this.#mark?.newestTs ?? 0)
    return this.#lastSeen - newestTs < Math.min(limits.stateSaveUnseenMs, timeoutMs / 2)
  }

  /** A state that could not be saved is saved with a later reading; the reading itself is committed. */
  save(device: DeviceIdentity, now: number): Promise<void> {
    this.#saving ??= this.#save(device, now)
      .catch((error: unknown) => log('warn', 'device_state_not_saved', { device_id: device.deviceId, error }))
      .finally(() => {
        this.#saving = undefined
      })
    return this.#saving
  }

  async #save(device: DeviceIdentity, now: number): Promise<void> {
    await this.#load(device, now)
    if (!this.isDue(now, device.inactivityTimeoutMs)) return
    const mark = { savedAt: now, lastSeen: this.#lastSeen, newestTs: this.#values.newestTs, keys: this.#values.keys() }
    const wasUnsaved = this.#isUnsaved
    this.#isUnsaved = false
    this.#sinceSave = 0
    try {
      const { tenantId, deviceId } = device
      const latest = this.#values.toJson()
      await this.#ports.save(device, { tenantId, deviceId, lastSeen: this.#lastSeen, latest, savedAt: now })
    } catch (error) {
      this.#isUnsaved ||= wasUnsaved
      throw error
    }
    this.#mark = mark
    this.#ports.writeMark(mark)
  }

  /** One load at a time; a failed one is tried again by the next call. */
  #load(device: DeviceIdentity, now: number): Promise<void> {
    this.#loading ??= this.#fold(device, now).catch((error: unknown) => {
      this.#loading = undefined
      throw error
    })
    return this.#loading
  }

  async #fold(device: DeviceIdentity, now: number): Promise<void> {
    const { saved, readings } = await this.#ports.load(device)
    if (saved) {
      for (const [key, [ts, value]] of Object.entries(saved.latest)) {
        this.#values.merge(ts, { [key]: value })
        this.#keys.add(key)
      }
      this.#lastSeen = Math.max(this.#lastSeen, saved.lastSeen)
    }
    for (const { ts, values } of readings) this.#values.merge(ts, values)
    this.#lastSeen = Math.max(this.#lastSeen, Math.min(this.#values.newestTs, now))
    this.#isUnsaved ||= [...this.#late].some(([key, ts]) => this.#values.get(key)?.ts === ts)
    this.#late.clear()
    this.#isLoaded = true
  }
}
