import { fromBase64, toBase64 } from '../../codec/base64.ts'
import { AppError } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'

const encoder = new TextEncoder()
const version = 'v1.'
const ivBytes = 12

interface Keys {
  readonly seal: CryptoKey
  readonly iv: CryptoKey
}

let known: { readonly secret: string; readonly keys: Promise<Keys> } | undefined

/** Whether there is a secret to seal with: a short one is guessed, and counts for none. */
export function canSeal(secret: string | undefined): secret is string {
  return secret !== undefined && secret.length >= limits.sealingSecretLength
}

/** For whom keys of network servers are sealed: one that was sealed for a tenant opens for no other. */
export function keyOwner(tenantId: TenantId): string {
  return `network-key ${tenantId}`
}

export function sealingSecretMissing(): AppError {
  const detail = `Keys of network servers are kept encrypted, and this server has no SEALING_SECRET of ${limits.sealingSecretLength} characters or more: npx wrangler secret put SEALING_SECRET.`
  return new AppError('not_offered', { detail })
}

/**
 * AES-GCM under a key made of the secret, bound to whose it is. The IV is a MAC of what is sealed (as in RFC 5297): what
 * is equal is equal when sealed, so that the same key, captured with every uplink, is written once; and no IV comes
 * twice for two.
 */
export async function seal(secret: string, owner: string, text: string): Promise<string> {
  const keys = await keysOf(secret)
  const mac = await crypto.subtle.sign('HMAC', keys.iv, encoder.encode(JSON.stringify([owner, text])))
  const iv = new Uint8Array(mac).slice(0, ivBytes)
  const sealed = await crypto.subtle.encrypt(algorithm(iv, owner), keys.seal, encoder.encode(text))
  return version + toBase64(new Uint8Array([...iv, ...new Uint8Array(sealed)]))
}

/** Undefined: sealed under another secret, or for another owner. */
export async function unseal(secret: string, owner: string, sealed: string): Promise<string | undefined> {
  const bytes = sealed.startsWith(version) ? fromBase64(sealed.slice(version.length)) : undefined
  if (!bytes) return undefined
  const { seal: key } = await keysOf(secret)
  try {
    const plain = await crypto.subtle.decrypt(algorithm(bytes.slice(0, ivBytes), owner), key, bytes.slice(ivBytes))
    return new TextDecoder().decode(plain)
  } catch {
    return undefined
  }
}

function algorithm(iv: Uint8Array<ArrayBuffer>, owner: string) {
  return { name: 'AES-GCM', iv, additionalData: encoder.encode(owner) }
}

function keysOf(secret: string): Promise<Keys> {
  if (known?.secret !== secret) known = { secret, keys: deriveKeys(secret) }
  return known.keys
}

async function deriveKeys(secret: string): Promise<Keys> {
  const root = await crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, ['deriveKey'])
  const from = (info: string) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(32),
    info: encoder.encode(`autoconnecto ${info}`),
  })
  const aes = { name: 'AES-GCM', length: 256 }
  const hmac = { name: 'HMAC', hash: 'SHA-256', length: 256 }
  return {
    seal: await crypto.subtle.deriveKey(from('seal'), root, aes, false, ['encrypt', 'decrypt']),
    iv: await crypto.subtle.deriveKey(from('iv'), root, hmac, false, ['sign']),
  }
}
