import type { Context, MiddlewareHandler } from 'hono'
import { AppError } from '../domain/errors.ts'
import { publicBaseUrl } from '../env.ts'
import type { AppEnv } from './app-env.ts'

/** These change nothing (RFC 9110, 9.2.1). */
export const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** It changes something, or opens a socket, which no CORS check holds back. */
export function needsOrigin(c: Context): boolean {
  return !safeMethods.has(c.req.method) || c.req.header('upgrade') !== undefined
}

/** The Worker runs on somebody's own machine. On Cloudflare a Host that is none of the zone's never arrives. */
export function isLocal(c: Context): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(c.req.url).hostname)
}

/** Our own pages, and those that the operator lists in WEB_ORIGINS. */
export function isOwnOrigin(c: Context<AppEnv>, origin: string): boolean {
  return (
    origin === new URL(c.req.url).origin ||
    origin === new URL(publicBaseUrl(c.env, c.req.url)).origin ||
    listedOrigins(c.env).includes(origin)
  )
}

export function listedOrigins(env: Env): string[] {
  return env.WEB_ORIGINS.split(',')
    .map((origin) => origin.trim().replace(/\/+$/, ''))
    .filter((origin) => origin !== '')
}

/**
 * A page of another origin may not. What is no browser sends no Origin, and no cookie that a person did not put there.
 * @throws AppError forbidden (foreign_origin)
 */
export function requireOwnOrigin(c: Context<AppEnv>): void {
  const origin = c.req.header('origin')
  if (origin === undefined || isOwnOrigin(c, origin)) return
  throw foreign('Pages of another origin may not do this.')
}

/** A browser names itself on whatever changes something: a cookie without an Origin comes from none of our pages. */
export function requireNamedOrigin(c: Context<AppEnv>): void {
  if (c.req.header('origin') === undefined) throw foreign('A request with a cookie names its Origin.')
  requireOwnOrigin(c)
}

function foreign(detail: string): AppError {
  return new AppError('forbidden', { reason: 'foreign_origin', detail })
}

/** Where nobody is known yet, and a foreign page could sign a person in as somebody else. */
export const checkOrigin: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (needsOrigin(c)) requireOwnOrigin(c)
  await next()
}
