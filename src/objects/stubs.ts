import { fnv1a } from '../domain/fnv1a.ts'
import type { DeviceId, TenantId } from '../domain/ids.ts'
import { limits } from '../domain/limits.ts'
import type { DeviceLink, Parking, Platform, SignInDesk } from '../services/ports.ts'
import type { BrokerLink, SpaceLink } from './broker/links.ts'
import { packGroups } from './packing.ts'

/** Only the Worker reaches an object: what stands here was made by a door. */
export const openingHeader = 'x-autoconnecto-opening'

/** The only place that names objects: by device id, or by shard and lane. Never by token. */
export function createPlatform(env: Env): Platform {
  return {
    lane(shard, deviceId) {
      const name = laneName(shard, deviceId)
      const stub = writerStub(env, shard, name)
      return { name, lane: { append: (groups) => stub.appendPacked(packGroups(groups)) } }
    },
    device: (deviceId) => deviceStub(env, deviceId),
    parking: (tenantId) => parkingStub(env, tenantId),
    signIn: (key) => signInStub(env, key),
    openMqtt({ region, key, address }) {
      const name = `${region}:${fnv1a(key) % limits.brokersPerRegion}`
      const opening: BrokerSocketOpening = { name, address }
      const headers = { upgrade: 'websocket', [openingHeader]: JSON.stringify(opening) }
      const locationHint = region as DurableObjectLocationHint
      return env.MQTT_BROKER.getByName(name, { locationHint }).fetch('https://broker/', { headers })
    },
    openSocket(deviceId, opening) {
      const headers = { upgrade: 'websocket', [openingHeader]: JSON.stringify(opening) }
      return env.DEVICE_OBJECT.getByName(deviceId).fetch('https://object/', { headers })
    },
  }
}

/** Which broker a client lands on never matters: the truth of its session is in its device's object. */
export interface BrokerSocketOpening {
  readonly name: string
  readonly address: string
}

export function brokerStub(env: Env, name: string): BrokerLink {
  return env.MQTT_BROKER.getByName(name) as unknown as BrokerLink
}

export function spaceStub(env: Env, deviceId: DeviceId): SpaceLink {
  return env.DEVICE_OBJECT.getByName(deviceId) as unknown as SpaceLink
}

export function deviceStub(env: Env, deviceId: DeviceId): DeviceLink {
  return env.DEVICE_OBJECT.getByName(deviceId) as unknown as DeviceLink
}

/** The lane that keeps a tenant's webhook calls while the database is away. */
export function parkingStub(env: Env, tenantId: TenantId): Parking {
  return writerStub(env, 0, laneName(0, tenantId)) as unknown as Parking
}

/** By a hash: never named by an e-mail or an address. */
function signInStub(env: Env, key: string): SignInDesk {
  return env.SIGN_IN.getByName(String(fnv1a(key) % limits.signInObjects)) as unknown as SignInDesk
}

type WriterStub = ReturnType<Env['TELEMETRY_WRITER']['getByName']>

function laneName(shard: number, deviceId: DeviceId | TenantId): string {
  return `${shard}:${fnv1a(deviceId) % limits.lanesPerShard}`
}

/** The lane of a device; RPC stubs promise what the class promises. */
export function laneStub(env: Env, shard: number, deviceId: DeviceId): WriterStub {
  return writerStub(env, shard, laneName(shard, deviceId))
}

function writerStub(env: Env, shard: number, name: string): WriterStub {
  const locationHint = env.TELEMETRY_LOCATIONS.split(',')[shard]?.trim() as DurableObjectLocationHint | undefined
  return env.TELEMETRY_WRITER.getByName(name, locationHint ? { locationHint } : {})
}
