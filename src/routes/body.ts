import type { Context } from 'hono'
import { AppError } from '../domain/errors.ts'

const encodings: Readonly<Record<string, 'gzip' | 'deflate'>> = {
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
}

/**
 * The body's bytes, inflated where it came as gzip or deflate; never more than `maxBytes` are held, before or after.
 * @throws AppError payload_too_large, unsupported_media_type (unsupported_encoding), payload_malformed (gzip_syntax,
 *   body_truncated)
 */
export async function readBody(c: Context, maxBytes: number): Promise<Uint8Array> {
  const declared = Number(c.req.header('content-length') ?? 0)
  if (declared > maxBytes) throw tooLarge(maxBytes)
  const body = c.req.raw.body
  if (!body) return new Uint8Array()

  const encoding = (c.req.header('content-encoding') ?? 'identity').trim().toLowerCase()
  const plain = encoding === 'identity' || encoding === ''
  const format = plain ? undefined : encodings[encoding]
  if (!plain && !format) {
    const detail = `Content-Encoding "${encoding.slice(0, 40)}" is not taken; send gzip, deflate or none.`
    throw new AppError('unsupported_media_type', {
      reason: 'unsupported_encoding',
      detail,
    })
  }
  try {
    return await collect(format ? body.pipeThrough(new DecompressionStream(format)) : body, maxBytes)
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    // Nothing but the client feeds this stream; workerd words its faults as those of a lost database.
    const fault = format
      ? ({ reason: 'gzip_syntax', detail: `The body is not valid ${format}.` } as const)
      : ({ reason: 'body_truncated', detail: 'The body broke off, or its chunks cannot be read.' } as const)
    throw new AppError('payload_malformed', { ...fault, cause })
  }
}

async function collect(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const reader = stream.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.byteLength
    if (size > maxBytes) {
      await reader.cancel().catch(() => undefined)
      throw tooLarge(maxBytes)
    }
    chunks.push(value)
  }
  return concat(chunks, size)
}

function concat(chunks: readonly Uint8Array[], size: number): Uint8Array {
  if (chunks.length === 1) return chunks[0] as Uint8Array
  const bytes = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}

function tooLarge(maxBytes: number): AppError {
  return new AppError('payload_too_large', {
    detail: `At most ${maxBytes} bytes are taken here.`,
  })
}
