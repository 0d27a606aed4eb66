import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { limits } from '../../domain/limits.ts'
import { normalPassword } from '../../domain/password.ts'

const keyBytes = 32
const own = [limits.scryptN, limits.scryptR, limits.scryptP].join('$')

/** `scrypt$N$r$p$salt$key`: what is needed to check it stands beside it, so that the figures may change. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const key = await derive(password, salt, limits.scryptN, limits.scryptR, limits.scryptP)
  return `scrypt$${own}$${salt.toString('base64url')}$${key.toString('base64url')}`
}

/** Takes as long for an account that there is not. */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const [, n, r, p, salt = '', key = ''] = (hash ?? `scrypt$${own}$AAAAAAAAAAAAAAAAAAAAAA$`).split('$')
  const derived = await derive(password, Buffer.from(salt, 'base64url'), Number(n), Number(r), Number(p))
  const wanted = Buffer.from(key, 'base64url')
  return wanted.length === derived.length && timingSafeEqual(wanted, derived)
}

/** Its figures are not today's. */
export function isOutdated(hash: string): boolean {
  return !hash.startsWith(`scrypt$${own}$`)
}

function derive(password: string, salt: Buffer, n: number, r: number, p: number): Promise<Buffer> {
  const options = { N: n, r, p, maxmem: 256 * n * r }
  return new Promise((done, fail) => {
    scrypt(normalPassword(password), salt, keyBytes, options, (error, key) => (error ? fail(error) : done(key)))
  })
}
