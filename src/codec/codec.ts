import { cborCodec } from './cbor.ts'
import { jsonCodec } from './json.ts'

/** Bytes to a plain value, bounded. A codec knows nothing of devices. */
export interface Codec {
  readonly contentTypes: readonly string[]
  /** @throws AppError payload_malformed with where and why; validation_rejected for what telemetry cannot hold. */
  decode(bytes: Uint8Array): unknown
}

const codecs: readonly Codec[] = [jsonCodec, cborCodec]

/** `application/json; charset=utf-8` → `application/json`. */
export function mediaType(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()
}

export function codecFor(contentType: string): Codec | undefined {
  const type = mediaType(contentType)
  return codecs.find((codec) => codec.contentTypes.includes(type))
}
