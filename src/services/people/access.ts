import { createRemoteJWKSet, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { normalEmail } from './email.ts'

/** Cloudflare Access: whose identity the assertion proves; undefined where it proves none. */
export interface AccessVerifier {
  emailOf(assertion: string): Promise<string | undefined>
}

/** Both must be set, else it is off: an issuer without an audience would take any application's assertions. */
export function openAccess(teamDomain: string, audience: string): AccessVerifier | undefined {
  const issuer = teamDomain.trim().replace(/\/+$/, '')
  if (issuer === '' || audience.trim() === '') return undefined
  return verifyingWith(issuer, audience.trim(), createRemoteJWKSet(new URL(`${issuer}/cdn-cgi/access/certs`)))
}

export function verifyingWith(issuer: string, audience: string, keys: JWTVerifyGetKey): AccessVerifier {
  return {
    async emailOf(assertion) {
      try {
        const { payload } = await jwtVerify(assertion, keys, {
          issuer,
          audience,
          algorithms: ['RS256', 'ES256'],
          requiredClaims: ['exp', 'iat', 'email'],
        })
        return typeof payload.email === 'string' ? normalEmail(payload.email) : undefined
      } catch (error) {
        if (isRefusal(error)) return undefined
        throw error
      }
    },
  }
}

/** jose's own faults have codes; an issuer out of reach says nothing about the assertion. */
function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' && /^ERR_(JW|JOSE)/.test(code) && code !== 'ERR_JWKS_TIMEOUT'
}
