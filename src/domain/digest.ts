import { createHash } from 'node:crypto'

/** SHA-256 of the parts, each apart from the next. For marks, not for secrets. */
export function digest(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}

export function digestBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url')
}
