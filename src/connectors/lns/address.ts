import { type DevEui, parseDevEui } from '../../domain/ids.ts'
import type { DeviceAddress } from '../../domain/report.ts'
import type { WebhookMeta } from '../connector.ts'
import { label } from './fields.ts'

export interface NamedDevice {
  readonly devEui: unknown
  readonly application: unknown
  readonly deviceId: unknown
  readonly name?: unknown
  readonly profile?: unknown
}

/**
 * As the body names the device; where a field mask left it out, as the URL does: `?dev={devEUI}`, `?devID=…`,
 * or the last part of the path.
 */
export function toAddress(connector: string, named: NamedDevice, meta: WebhookMeta): DeviceAddress {
  const hint = label(named.deviceId) === undefined && label(named.devEui) === undefined ? fromUrl(meta) : undefined
  const deviceId = label(named.deviceId) ?? hint
  const application = label(named.application) ?? queryOf(meta, ['app', 'appid', 'applicationid', 'application_id'])
  const devEui = euiOf(named.devEui) ?? euiOf(deviceId)
  const name = label(named.name) ?? deviceId
  const profile = label(named.profile)
  return {
    ...(devEui && { devEui }),
    ...(deviceId !== undefined && { alias: `${connector}:${application ?? ''}/${deviceId}` }),
    ...(name !== undefined && { name }),
    ...(profile !== undefined && { profile }),
  }
}

/** The Things Stack's console calls devices `eui-70b3d57ed0001234`. */
function euiOf(value: unknown): DevEui | undefined {
  const given = label(value)
  return given === undefined ? undefined : parseDevEui(given.replace(/^eui-/i, ''))
}

/** A path of its own for a type of message names no device: all of them would be taken for one. */
const typeWord =
  /^(?:up|uplink|join|down|downlink|location|service|normalized|data|(?:downlink[-_])?(?:queued|sent|n?ack|failed|queue[-_]invalidated)|(?:uplink|join|location|service)[-_](?:message|normalized|accept|solved|data))$/i

function fromUrl(meta: WebhookMeta): string | undefined {
  const named = queryOf(meta, ['dev', 'devid', 'deviceid', 'device_id', 'device', 'deveui', 'dev_eui'])
  const names = meta.segments.filter((segment) => !typeWord.test(segment))
  return named ?? names.find((segment) => euiOf(segment)) ?? label(names.at(-1))
}

function queryOf({ query }: WebhookMeta, names: readonly string[]): string | undefined {
  for (const [name, value] of Object.entries(query)) if (names.includes(name.toLowerCase())) return label(value)
  return undefined
}
