import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { limits } from '../domain/limits.ts'
import type { AppEnv } from './app-env.ts'
import { isLocal } from './origin.ts'

/**
 * `__Host-` binds the cookie to this host over HTTPS; browsers refuse it on http://localhost, where its name is plain. Nobody
 * stays signed in over http anywhere else, where whoever listens would have the cookie.
 */
const name = (c: Context) => (isSecure(c) ? '__Host-session' : 'session')

const isSecure = (c: Context) => new URL(c.req.url).protocol === 'https:' || !isLocal(c)

export function sessionCookie(c: Context<AppEnv>): string | undefined {
  return getCookie(c, name(c))
}

/** Lax: a link from outside finds its reader signed in, and no foreign page's POST carries it. The server decides when it ends. */
export function setSessionCookie(c: Context<AppEnv>, token: string): void {
  const options = {
    path: '/',
    httpOnly: true,
    secure: isSecure(c),
    sameSite: 'Lax',
    maxAge: limits.sessionMs / 1000,
  } as const
  setCookie(c, name(c), token, options)
}

export function clearSessionCookie(c: Context<AppEnv>): void {
  deleteCookie(c, name(c), { path: '/', httpOnly: true, secure: isSecure(c), sameSite: 'Lax' })
}
