import { type Fields, fields } from '../lns/fields.ts'

export const ttnMessages = [
  'uplink_message',
  'uplink_normalized',
  'join_accept',
  'downlink_queued',
  'downlink_sent',
  'downlink_ack',
  'downlink_nack',
  'downlink_failed',
  'downlink_queue_invalidated',
  'location_solved',
  'service_data',
] as const
export type TtnMessage = (typeof ttnMessages)[number]

/** Exactly one of these keys says what it is: one URL serves them all. */
export function messageOf(body: Fields): TtnMessage | undefined {
  return ttnMessages.find((key) => key in body)
}

/** The storage integration wraps the message in `result`, the console's event stream in `data`. */
export function unwrap(body: Fields): Fields {
  if (messageOf(body)) return body
  return [body.result, body.data].map(fields).find(messageOf) ?? body
}
