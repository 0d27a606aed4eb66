import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** SHA-256 as hex: for secrets of full entropy, which need no slow hash. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** 32 random bytes as base64url, after a prefix that tells what it is. */
export function newSecret(prefix: string): string {
  return `${prefix}${randomBytes(32).toString('base64url')}`
}

/** Hashed first, so that lengths need not agree and do not show. */
export function constantTimeEqual(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())
}
