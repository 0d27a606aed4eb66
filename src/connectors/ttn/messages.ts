import { digest } from '../../domain/digest.ts'
import type { DownlinkNews } from '../../domain/network-route.ts'
import type { TelemetryValues } from '../../domain/telemetry.ts'
import type { WebhookMeta } from '../connector.ts'
import { type Fields, fields, label, list, number, orZero } from '../lns/fields.ts'
import { best, type Radio } from '../lns/radio.ts'
import {
  type Happening,
  happened,
  merge,
  noPlace,
  passedOver,
  placeOf,
  type Said,
  toEvent,
  toUplinkSaid,
  toValuesSaid,
} from '../lns/reports.ts'
import { firstTime } from '../lns/times.ts'
import { readNormalized } from './normalized.ts'
import type { TtnMessage } from './shape.ts'

const connector = 'ttn'
type Reader = (content: Fields, body: Fields, meta: WebhookMeta, mark: string) => Said

/** One reader a message; what it makes of its content. */
export const readMessage: Readonly<Record<TtnMessage, Reader>> = {
  uplink_message: (content, body, meta) => {
    const said = readUplink(content, body, meta)
    const isTwofold = meta.settings.ttnPayload === 'decoded' && list(content.normalized_payload).length > 0
    return isTwofold ? { ...said, copy: 'uplink' } : said
  },
  uplink_normalized: (content, body, meta) => {
    if (meta.settings.ttnPayload === 'normalized') return readUplink(content, body, meta)
    // Whether the uplink itself comes too, with its decoded payload, is for the device's object to know.
    return { ...readUplink(content, body, meta), copy: 'normalized' }
  },
  join_accept: (content, body, meta, mark) => {
    const address = label(fields(body.end_device_ids).dev_addr)
    const detail = `Joined as ${address ?? 'a device'}.`
    const said = happening({ kind: 'lora_join', connector, detail, mark }, content, body, meta, true)
    return withNews(said, list(content.invalidated_downlinks), 'failed', 'invalidated')
  },
  downlink_queued: downlink('queued', 'queued', 'queued'),
  downlink_sent: downlink('sent', 'sent', 'sent'),
  downlink_ack: downlink('delivered', 'acknowledged', 'acknowledged by the device', true),
  downlink_nack: downlink('failed', 'nacked', 'not acknowledged by the device', true),
  downlink_failed: (content, body, meta, mark) => {
    const { name, message_format } = fields(content.error)
    const why = label(message_format) ?? label(name) ?? 'no reason was given'
    const detail = `${nameOf(fields(content.downlink))}: failed (${why}).`
    const event: Happening = { kind: 'lora_downlink', connector, reason: 'failed', detail, mark }
    return withNews(happening(event, content, body, meta, false), [both(content.downlink, body)], 'failed')
  },
  downlink_queue_invalidated: (content, body, meta, mark) => {
    const detail = `The queue of ${list(content.downlinks).length} downlinks was invalidated (last frame ${orZero(content.last_f_cnt_down)}).`
    const event: Happening = { kind: 'lora_downlink', connector, reason: 'invalidated', detail, mark }
    // It comes only where the application server could not make a new queue of it.
    return withNews(happening(event, content, body, meta, false), list(content.downlinks), 'failed', 'invalidated')
  },
  location_solved: (content, body, meta) => {
    const place = placeOf(content.location)
    return place ? toValuesSaid(place, timeOf(content, body, meta), false) : passedOver(noPlace)
  },
  service_data: (content, body, meta) =>
    content.data === undefined
      ? passedOver('Service data without data.')
      : toValuesSaid(content.data, timeOf(content, body, meta), false),
}

function downlink(became: DownlinkNews['became'], reason: string, words: string, isHeard = false): Reader {
  return (content, body, meta, mark) => {
    const isEmpty = content.frm_payload === undefined && content.decoded_payload !== undefined
    const detail = `${nameOf(content)}: ${words}${isEmpty ? ', without bytes: it was not encoded there' : ''}.`
    const event: Happening = { kind: 'lora_downlink', connector, reason, detail, mark }
    return withNews(happening(event, content, body, meta, isHeard), [both(content, body)], became, reason)
  }
}

/** The news that the event is, of each of the downlinks. */
function withNews(said: Said, downlinks: readonly unknown[], became: DownlinkNews['became'], reason?: string): Said {
  const [event] = said.events
  if (!event) return said
  const { at, detail } = event
  const news = downlinks.map((own) => ({ marks: marksOf(own), became, at, detail, ...(reason && { reason }) }))
  return { ...said, downlinks: news.filter(({ marks }) => marks.length > 0) }
}

function marksOf(downlink: unknown): string[] {
  return list(fields(downlink).correlation_ids).flatMap((id) => label(id) ?? [])
}

/** Ours is among them; a field mask may have left those of the downlink itself out. */
function both(downlink: unknown, body: Fields): Fields {
  return { correlation_ids: [...marksOf(downlink), ...marksOf(body)] }
}

function nameOf({ f_port, f_cnt, correlation_ids }: Fields): string {
  const id = label(list(correlation_ids)[0])
  return `Downlink ${id ?? ''} (port ${orZero(f_port)}, frame ${orZero(f_cnt)})`
}

function happening(what: Happening, content: Fields, body: Fields, meta: WebhookMeta, isHeard: boolean): Said {
  return happened([toEvent(what, [content.received_at, body.received_at], meta)], isHeard)
}

function readUplink(uplink: Fields, body: Fields, meta: WebhookMeta): Said {
  const fCnt = orZero(uplink.f_cnt)
  const fPort = number(uplink.f_port)
  const dr = dataRate(fields(fields(uplink.settings).data_rate))
  const radio: Radio = {
    ...best(list(uplink.rx_metadata).map(toReception)),
    fCnt,
    ...(fPort !== undefined && { fPort }),
    ...(dr !== undefined && { dr }),
  }
  const times = [uplink.received_at, body.received_at, ...gpsTimes(uplink)]
  const frame = { fCnt, session: label(uplink.session_key_id) ?? label(fields(body.end_device_ids).dev_addr) ?? '' }
  const { decoded_payload: decoded, frm_payload: payload, normalized_payload: normalized } = uplink
  const wantsNormalized = meta.settings.ttnPayload === 'normalized' || decoded === undefined || decoded === null
  const said = wantsNormalized ? readNormalized(normalized, times, radio, meta) : undefined
  const besides = batteryOf(uplink, fCnt)
  return { ...(said ?? toUplinkSaid({ decoded, payload, fPort, times, radio, besides }, meta)), frame }
}

function toReception(value: unknown) {
  const { rssi, channel_rssi, snr, gateway_ids } = fields(value)
  const { gateway_id, eui } = fields(gateway_ids)
  return { rssi: number(rssi) ?? number(channel_rssi), snr: orZero(snr), radioGateway: label(gateway_id) ?? label(eui) }
}

/** `SF7BW125`, as the data rate is called in the field. */
function dataRate(rate: Fields): string | undefined {
  const { bandwidth, spreading_factor } = fields(rate.lora)
  const [width, factor] = [number(bandwidth), number(spreading_factor)]
  return width !== undefined && factor !== undefined ? `SF${factor}BW${width / 1000}` : undefined
}

/** A radio gateway's clock is one of ours only where GPS sets it. */
function gpsTimes({ rx_metadata }: Fields): unknown[] {
  return list(rx_metadata).map((entry) => fields(entry).gps_time)
}

/** What a device last said of its battery comes with every uplink; new it is with its own. */
function batteryOf({ last_battery_percentage }: Fields, fCnt: number): TelemetryValues {
  const { f_cnt, value } = fields(last_battery_percentage)
  const level = number(value)
  return merge(level !== undefined && orZero(f_cnt) === fCnt ? { battery: level } : {})
}

function timeOf(content: Fields, body: Fields, meta: WebhookMeta) {
  return firstTime([content.received_at, body.received_at], meta.receivedAt)
}

/** A retry carries the same ids and times; a body without any is the same where its bytes are. */
export function dedupeIdOf(message: TtnMessage, content: Fields, body: Fields, meta: WebhookMeta): string {
  const { device_id, application_ids, dev_eui } = fields(body.end_device_ids)
  const { received_at, session_key_id, f_cnt, f_port, normalized_payload } = content
  const ids = list(body.correlation_ids)
  if (received_at === undefined && ids.length === 0) return `${message}:${meta.digest}`
  const device = [fields(application_ids).application_id, device_id, dev_eui]
  const own = message === 'uplink_normalized' ? normalized_payload : undefined
  const sorted = ids.map(String).toSorted()
  return `${message}:${digest(device, session_key_id, f_cnt, f_port, received_at ?? body.received_at, sorted, own)}`
}
