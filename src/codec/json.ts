import { type ParseError, parse } from 'jsonc-parser'
import { AppError } from '../domain/errors.ts'
import type { Codec } from './codec.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

export const jsonCodec: Codec = {
  contentTypes: ['application/json'],
  decode(bytes) {
    return parseJson(decodeText(bytes))
  },
}

/** @throws AppError payload_malformed (json_encoding) */
export function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new AppError('payload_malformed', {
      reason: 'json_encoding',
      detail: 'The body is not valid UTF-8.',
      cause,
    })
  }
}

/** @throws AppError payload_malformed (json_syntax) that says where. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('payload_malformed', {
      reason: 'json_syntax',
      detail: describeFault(text),
      cause,
    })
  }
}

/** The engine's own message holds parts of the body and not always a place, so the place is looked up here. */
function describeFault(text: string): string {
  if (text.trim() === '') return 'The body is empty; a JSON document was expected.'
  const offset = faultOffset(text)
  if (offset === undefined) return 'The body is not valid JSON.'
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  const column = offset - before.lastIndexOf('\n')
  return `The body is not valid JSON: character ${offset + 1} (line ${line}, column ${column}).`
}

function faultOffset(text: string): number | undefined {
  const errors: ParseError[] = []
  try {
    parse(text, errors, {
      disallowComments: true,
      allowTrailingComma: false,
      allowEmptyContent: false,
    })
  } catch {
    return undefined // nested too deeply for a recursive parser
  }
  return errors[0]?.offset
}
