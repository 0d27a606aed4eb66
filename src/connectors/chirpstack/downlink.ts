import type { DownlinkOrder } from '../../domain/downlink.ts'
import type { DevEui } from '../../domain/ids.ts'

/** `POST /api/devices/{devEui}/queue` of the REST API (chirpstack-rest-api), below its base URL. */
export function toChirpstackDownlink(
  devEui: DevEui,
  { payload, fPort, isConfirmed, replaces, expiresAt }: DownlinkOrder,
): { readonly path: string; readonly body: unknown } {
  const content = 'bytes' in payload ? { data: payload.bytes } : { object: payload.document }
  const queueItem = { confirmed: isConfirmed, fPort, ...content, expiresAt: new Date(expiresAt).toISOString() }
  return { path: `/api/devices/${devEui}/queue`, body: { queueItem, flushQueue: replaces } }
}

/** Its id of what it queued: `queueItemId` in its events. */
export function readQueueId(answer: string): string | undefined {
  try {
    const { id } = JSON.parse(answer) as { id?: unknown }
    return typeof id === 'string' && id !== '' ? id : undefined
  } catch {
    return undefined
  }
}
