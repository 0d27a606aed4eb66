import { fnv1a } from '../domain/fnv1a.ts'
import type { DeviceId } from '../domain/ids.ts'
import { limits } from '../domain/limits.ts'
import type { DeviceLink, Platform, TelemetryLane } from '../services/ports.ts'
import type { TelemetryWriter } from './telemetry-writer.ts'

/** Only the Worker reaches an object: what stands here was made by a door. */
export const openingHeader = 'x-autoconnecto-opening'

/** The only place that names objects: by device id, or by shard and lane. Never by token. */
export function createPlatform(env: Env): Platform {
  return {
    lane(shard, deviceId) {
      const name = laneName(shard, deviceId)
      return {
        name,
        lane: writerStub(env, shard, name) as unknown as TelemetryLane,
      }
    },
    device: (deviceId) => deviceStub(env, deviceId),
    openSocket(deviceId, opening) {
      const headers = { upgrade: 'websocket', [openingHeader]: JSON.stringify(opening) }
      return env.DEVICE_OBJECT.getByName(deviceId).fetch('https://object/', { headers })
    },
  }
}

export function deviceStub(env: Env, deviceId: DeviceId): DeviceLink {
  return env.DEVICE_OBJECT.getByName(deviceId) as unknown as DeviceLink
}

function laneName(shard: number, deviceId: DeviceId): string {
  return `${shard}:${fnv1a(deviceId) % limits.lanesPerShard}`
}

/** The lane of a device; RPC stubs promise what the class promises. */
export function laneStub(env: Env, shard: number, deviceId: DeviceId): DurableObjectStub<TelemetryWriter> {
  return writerStub(env, shard, laneName(shard, deviceId))
}

function writerStub(env: Env, shard: number, name: string): DurableObjectStub<TelemetryWriter> {
  const locationHint = env.TELEMETRY_LOCATIONS.split(',')[shard]?.trim() as DurableObjectLocationHint | undefined
  return env.TELEMETRY_WRITER.getByName(name, locationHint ? { locationHint } : {})
}
