import { digest } from '../../domain/digest.ts'
import type { DownlinkNews } from '../../domain/network-route.ts'
import type { WebhookMeta } from '../connector.ts'
import { type Fields, fields, label, list, number, orZero } from '../lns/fields.ts'
import { best, type Radio } from '../lns/radio.ts'
import {
  type Happening,
  happened,
  noPlace,
  passedOver,
  placeOf,
  type Said,
  toEvent,
  toUplinkSaid,
  toValuesSaid,
} from '../lns/reports.ts'
import { firstTime } from '../lns/times.ts'
import { isObject } from '../native-document.ts'
import type { ChirpstackEvent } from './shape.ts'

const connector = 'chirpstack'

/** One reader an event; what it makes of the body. */
export const readEvent: Readonly<Record<ChirpstackEvent, (body: Fields, meta: WebhookMeta, mark: string) => Said>> = {
  up: readUp,
  join: (body, meta, mark) => {
    const detail = `Joined as ${label(body.devAddr) ?? 'a device'}.`
    return happening({ kind: 'lora_join', connector, detail, mark }, body, meta, true)
  },
  ack: (body, meta, mark) => {
    const isTaken = body.acknowledged === true
    const reason = isTaken ? 'acknowledged' : 'nacked'
    const detail = `Downlink ${label(body.queueItemId) ?? ''} (frame ${orZero(body.fCntDown)}): ${isTaken ? 'acknowledged by the device' : 'not acknowledged'}.`
    const said = happening({ kind: 'lora_downlink', connector, reason, detail, mark }, body, meta, isTaken)
    return withNews(said, body.queueItemId, isTaken ? 'delivered' : 'failed', reason)
  },
  txack: (body, meta, mark) => {
    const detail = `Downlink ${label(body.queueItemId) ?? ''} (frame ${orZero(body.fCntDown)}): sent by the radio gateway ${label(body.gatewayId) ?? ''}.`
    const said = happening({ kind: 'lora_downlink', connector, reason: 'sent', detail, mark }, body, meta, false)
    return withNews(said, body.queueItemId, 'sent')
  },
  log: (body, meta, mark) => {
    const detail = `${label(body.level) ?? 'INFO'} ${label(body.code) ?? 'UNKNOWN'}: ${label(body.description) ?? ''}`
    const reason = label(body.code)?.toLowerCase()
    const log: Happening = {
      kind: 'lora_log',
      connector,
      detail: detail.slice(0, 1_000),
      mark,
      ...(reason && { reason }),
    }
    const became = endings[label(body.code) ?? '']
    const said = happening(log, body, meta, false)
    return became ? withNews(said, fields(body.context).queue_item_id, became, reason) : said
  },
  status: readStatus,
  location: (body, meta) => {
    const place = placeOf(body.location)
    return place ? toValuesSaid({ altitude: 0, ...place }, timeOf(body, meta), false) : passedOver(noPlace)
  },
  integration: (body, meta) =>
    body.object === undefined
      ? passedOver('An integration event without an object.')
      : toValuesSaid(body.object, timeOf(body, meta), false),
}

/** Log codes after which a queued downlink is never sent. */
const endings: Readonly<Record<string, DownlinkNews['became']>> = {
  EXPIRED: 'expired',
  DOWNLINK_PAYLOAD_SIZE: 'failed',
  F_CNT_DOWN: 'failed',
}

/** The news that the event is, of the downlink that the queue calls so. */
function withNews(said: Said, queueItemId: unknown, became: DownlinkNews['became'], reason?: string): Said {
  const [event] = said.events
  const id = label(queueItemId)
  if (id === undefined || !event) return said
  const news = { marks: [id], became, at: event.at, detail: event.detail, ...(reason && { reason }) }
  return { ...said, downlinks: [news] }
}

function happening(what: Happening, body: Fields, meta: WebhookMeta, isHeard: boolean): Said {
  return happened([toEvent(what, [body.time], meta)], isHeard)
}

function readUp(body: Fields, meta: WebhookMeta): Said {
  const fCnt = orZero(body.fCnt)
  const fPort = number(body.fPort)
  const radio: Radio = {
    ...best(list(body.rxInfo).map(toReception)),
    fCnt,
    dr: orZero(body.dr),
    ...(fPort !== undefined && { fPort }),
  }
  const times = [body.time, ...trustedTimes(list(body.rxInfo))]
  // The key of the payload is at the join server: what is there is no device's bytes.
  const isEncrypted = isObject(body.joinServerContext)
  const said = toUplinkSaid({ decoded: body.object, payload: body.data, isEncrypted, fPort, times, radio }, meta)
  return { ...said, frame: { fCnt, session: label(body.devAddr) ?? '' } }
}

function toReception(value: unknown) {
  const { rssi, snr, gatewayId } = fields(value)
  return { rssi: number(rssi), snr: orZero(snr), radioGateway: label(gatewayId) }
}

/** The network server's own clock, then a radio gateway's where GPS sets it. */
function trustedTimes(rxInfo: readonly unknown[]): unknown[] {
  const all = rxInfo.map(fields)
  const isByGps = ({ timeSinceGpsEpoch, fineTimeSinceGpsEpoch }: Fields) =>
    (label(timeSinceGpsEpoch) ?? label(fineTimeSinceGpsEpoch)) !== undefined
  const byGps = all.filter(isByGps)
  return [...all.map(({ nsTime }) => nsTime), ...byGps.map(({ gwTime, time }) => gwTime ?? time)]
}

function readStatus(body: Fields, meta: WebhookMeta): Said {
  const isPowered = body.externalPowerSource === true
  const knowsLevel = !isPowered && body.batteryLevelUnavailable !== true
  const values = {
    margin: orZero(body.margin),
    ...(knowsLevel && { battery: orZero(body.batteryLevel) }),
    ...(isPowered && { external_power: true }),
  }
  return toValuesSaid(values, timeOf(body, meta), true)
}

function timeOf(body: Fields, meta: WebhookMeta) {
  return firstTime([body.time], meta.receivedAt)
}

/**
 * A `log` about a failed decoder shares its deduplicationId with the `up`, and a `txack` has none; without any id, the
 * same bytes are the same event.
 */
export function dedupeIdOf(event: ChirpstackEvent, body: Fields, meta: WebhookMeta): string {
  const deduplicationId = label(body.deduplicationId)
  const { downlinkId, queueItemId } = body
  if (event === 'txack' && (downlinkId ?? queueItemId) !== undefined) {
    return `txack:${orZero(downlinkId)}:${label(queueItemId) ?? ''}`
  }
  if (event === 'log') {
    const { time, code, context, deviceInfo } = body
    return `log:${digest(time, fields(deviceInfo).devEui, code, context)}`
  }
  return deduplicationId === undefined ? `${event}:${meta.digest}` : `${event}:${deduplicationId}`
}
