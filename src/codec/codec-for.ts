import { cborCodec } from './cbor.ts'
import type { Codec } from './codec.ts'
import { jsonCodec } from './json.ts'
import { mediaType } from './media-type.ts'

const codecs: readonly Codec[] = [jsonCodec, cborCodec]

export function codecFor(contentType: string): Codec | undefined {
  const type = mediaType(contentType)
  return codecs.find((codec) => codec.contentTypes.includes(type))
}
