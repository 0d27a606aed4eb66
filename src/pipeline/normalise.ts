import { codecFor } from '../codec/codec-for.ts'
import type { DeviceConnector, ReadResult } from '../connectors/connector.ts'
import { AppError } from '../domain/errors.ts'
import type { RawUplink } from '../domain/uplink.ts'

/**
 * Vendor bytes to uplinks: the codec reads the bytes, the connector their meaning.
 * @throws AppError payload_malformed, validation_rejected, unsupported_media_type
 */
export function normalise(connector: DeviceConnector, raw: RawUplink): ReadResult {
  return connector.read(plainValue(raw.body), { receivedAt: raw.receivedAt })
}

function plainValue(body: RawUplink['body']): unknown {
  if ('value' in body) return body.value
  const codec = codecFor(body.contentType)
  if (!codec)
    throw new AppError('unsupported_media_type', {
      detail: `"${body.contentType}" is not taken here.`,
    })
  return codec.decode(body.bytes)
}
