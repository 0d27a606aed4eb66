import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { limits } from '../domain/limits.ts'
import type { AppEnv } from './app-env.ts'

/** `__Host-` binds the cookie to this host over HTTPS; browsers refuse it on http://localhost, where its name is plain. */
const name = (c: Context) => (isHttps(c) ? '__Host-session' : 'session')

const isHttps = (c: Context) => new URL(c.req.url).protocol === 'https:'

export function sessionCookie(c: Context<AppEnv>): string | undefined {
  return getCookie(c, name(c))
}

/** Lax: a link from outside finds its reader signed in, and no foreign page's POST carries it. The server decides when it ends. */
export function setSessionCookie(c: Context<AppEnv>, token: string): void {
  const options = {
    path: '/',
    httpOnly: true,
    secure: isHttps(c),
    sameSite: 'Lax',
    maxAge: limits.sessionMs / 1000,
  } as const
  setCookie(c, name(c), token, options)
}

export function clearSessionCookie(c: Context<AppEnv>): void {
  deleteCookie(c, name(c), { path: '/', httpOnly: true, secure: isHttps(c), sameSite: 'Lax' })
}
