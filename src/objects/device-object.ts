import { DurableObject } from 'cloudflare:workers'
import { withDeadline } from '../domain/deadline.ts'
import type { DeviceEvent, NewDeviceEvent } from '../domain/events.ts'
import { limits } from '../domain/limits.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import type { TimedValue } from '../domain/telemetry.ts'
import { log } from '../log.ts'
import type { DeviceLink, Observation } from '../services/ports.ts'
import { loadDeviceState } from '../store/device-state.ts'
import { telemetryShard } from '../store/shards.ts'
import { EventLog } from './device/event-log.ts'
import { LatestValues } from './device/latest-values.ts'
import { laneStub } from './stubs.ts'

/**
 * One per device, named by its id. Knows the latest values and when the device was last seen. What it knows
 * is saved to `device_state` on a transition and now and then; a cold object rebuilds the rest from history.
 */
export class DeviceObject extends DurableObject<Env> implements DeviceLink {
  readonly #events = new EventLog(this.ctx.storage)
  #latest: Promise<LatestValues> | undefined

  /** Idempotent: a repeated reading has the same ts and values. */
  async observe({ device, receivedAt, readings }: Observation): Promise<void> {
    const latest = await this.#load(device)
    const wasInactive = latest.inactiveAt(receivedAt, device.inactivityTimeoutMs)
    for (const { ts, json } of readings)
      latest.merge(ts, JSON.parse(json) as Record<string, TimedValue['value']>, receivedAt)
    latest.seen(receivedAt)
    if (wasInactive) await this.#save(device, latest, receivedAt)
    else if (latest.dueAt(device.inactivityTimeoutMs) <= receivedAt)
      this.ctx.waitUntil(this.#save(device, latest, receivedAt))
  }

  async latest(device: DeviceIdentity): Promise<{ lastSeen: number | null; values: [string, TimedValue][] }> {
    const latest = await this.#load(device)
    return { lastSeen: latest.lastSeen, values: latest.entries() }
  }

  async recordEvents(events: readonly NewDeviceEvent[]): Promise<void> {
    this.#events.add(events)
  }

  async events(before: number | undefined, count: number): Promise<DeviceEvent[]> {
    return this.#events.list(before, count)
  }

  async erase(): Promise<void> {
    await this.ctx.storage.deleteAll()
    this.#latest = undefined
  }

  /** One load at a time; a failed one is tried again by the next call. */
  #load(device: DeviceIdentity): Promise<LatestValues> {
    this.#latest ??= this.#rebuild(device).catch((error: unknown) => {
      this.#latest = undefined
      throw error
    })
    return this.#latest
  }

  async #rebuild({ tenantId, deviceId, shards }: DeviceIdentity): Promise<LatestValues> {
    const databases = [...new Set([0, ...shards.map(({ shard }) => shard)])].map((shard) =>
      telemetryShard(this.env, shard),
    )
    const load = loadDeviceState(databases, tenantId, deviceId, Date.now())
    const { saved, readings } = await withDeadline(load, limits.d1TimeoutMs)
    return LatestValues.rebuild(saved, readings, Date.now())
  }

  /** A state that could not be saved is saved with a later reading; the reading itself is committed. */
  async #save({ tenantId, deviceId, shards }: DeviceIdentity, latest: LatestValues, now: number): Promise<void> {
    latest.saved(now)
    try {
      const shard = shards.at(-1)?.shard ?? 0
      const state = {
        tenantId,
        deviceId,
        lastSeen: latest.lastSeen ?? now,
        latest: latest.toJson(),
        savedAt: now,
      }
      await laneStub(this.env, shard, deviceId).saveState(state)
    } catch (error) {
      latest.saved(0)
      log('warn', 'device_state_not_saved', { device_id: deviceId, error })
    }
  }
}
