import type { Context } from 'hono'
import { AppError } from '../domain/errors.ts'
import type { TenantId } from '../domain/ids.ts'
import { may, maySeeDevice } from '../domain/permission.ts'
import type { ApiKeyPrincipal, PersonPrincipal, Principal } from '../domain/principal.ts'
import type { TenantPermission } from '../domain/roles.ts'
import { publicBaseUrl } from '../env.ts'
import { findApiKey } from '../services/api-keys/find-api-key.ts'
import type { ServiceContext } from '../services/context.ts'
import { deviceNotFound } from '../services/devices/device-input.ts'
import { type FoundSession, findSession, sessionPrefixes } from '../services/people/find-session.ts'
import { useTicket } from '../services/people/use-ticket.ts'
import { constantTimeEqual } from '../services/secrets.ts'
import type { AppEnv } from './app-env.ts'
import { needsOrigin, requireNamedOrigin } from './origin.ts'
import { type Demand, isOpen, type Permission } from './permission.ts'
import { sessionCookie } from './session-cookie.ts'

/** Where nobody speaks for a tenant, no row matches. */
export const noTenant = '' as TenantId

/** @throws AppError unauthenticated, forbidden, device_not_found */
export async function authenticate(c: Context<AppEnv>, spec: Demand): Promise<ServiceContext> {
  const { permission } = spec
  if (isOpen(permission)) return serviceContext(c, { kind: 'anonymous' }, noTenant)
  if (permission === 'setup') {
    if (!holdsSetupToken(c)) {
      throw new AppError('unauthenticated', { detail: 'Send the SETUP_TOKEN as "Authorization: Bearer …".' })
    }
    return serviceContext(c, { kind: 'setup' }, noTenant)
  }
  const key = bearerToken(c)
  if (key !== undefined && !key.startsWith(sessionPrefixes.bearer)) {
    const principal = await findApiKey({ world: c.var.world, key, now: Date.now(), background: backgroundOf(c) })
    if (!principal) throw unknown('Send a valid API key as "Authorization: Bearer …".')
    requireKeyMay(c, spec, principal)
    return serviceContext(c, principal, principal.tenantId)
  }
  const session = await sessionOf(c, key)
  if (!session) throw unknown('Sign in, or send an API key as "Authorization: Bearer …".')
  requirePersonMay(session, permission)
  // What is done above the tenants is none of the tenant's in which the operator's session works.
  return serviceContext(c, session.principal, permission === 'platform' ? noTenant : (session.tenantId ?? noTenant))
}

function unknown(detail: string): AppError {
  return new AppError('unauthenticated', { detail })
}

/** By bearer token, by a ticket in the URL of a socket, or by cookie: only a cookie comes without its owner's doing. */
async function sessionOf(c: Context<AppEnv>, bearer: string | undefined): Promise<FoundSession | undefined> {
  const { world } = c.var
  if (bearer !== undefined) return findSession(world, bearer, 'bearer', Date.now(), backgroundOf(c))
  const ticket = c.req.query('ticket')
  if (ticket !== undefined && c.req.header('upgrade') !== undefined) return useTicket(world, ticket, Date.now())
  const cookie = sessionCookie(c)
  if (cookie === undefined) return undefined
  if (needsOrigin(c)) requireNamedOrigin(c)
  const session = await findSession(world, cookie, 'cookie', Date.now(), backgroundOf(c))
  if (session && world.access && (await accessEmail(c)) !== session.principal.email) return undefined
  return session
}

/** Whom Cloudflare Access let through, where it is on. */
export async function accessEmail(c: Context<AppEnv>): Promise<string | undefined> {
  const assertion = c.req.header('cf-access-jwt-assertion')
  return assertion === undefined ? undefined : c.var.world.access?.emailOf(assertion)
}

/** Whoever is signed in, on a route that is open to all. */
export async function signedIn(c: Context<AppEnv>): Promise<PersonPrincipal | undefined> {
  const bearer = bearerToken(c)
  return (await sessionOf(c, bearer?.startsWith(sessionPrefixes.bearer) ? bearer : undefined))?.principal
}

type TenantOrMore = TenantPermission | 'person' | 'platform'

/** A key that is kept to some devices may do what is asked of one of them, and what is marked as narrowed to them. */
function requireKeyMay(c: Context<AppEnv>, spec: Demand, principal: ApiKeyPrincipal): void {
  const permission = spec.permission as TenantOrMore
  if (permission === 'person' || permission === 'platform') {
    throw new AppError('forbidden', { detail: 'This is for people who signed in; an API key is none.' })
  }
  if (!may(principal, permission)) {
    throw new AppError('forbidden', { detail: `This API key lacks the permission "${permission}".` })
  }
  if (!principal.deviceIds || spec.isNarrowed) return
  if (!c.req.routePath.startsWith('/api/devices/:id')) {
    throw new AppError('forbidden', { detail: 'This API key is kept to some devices.' })
  }
  if (!maySeeDevice(principal, c.req.param('id') ?? '')) throw deviceNotFound()
}

function requirePersonMay({ principal, tenantId, isSuspended }: FoundSession, permission: Permission): void {
  if (permission === 'person') return
  if (permission === 'platform') {
    if (principal.isOperator) return
    throw new AppError('forbidden', { detail: 'This is for platform operators.' })
  }
  if (!tenantId) {
    throw new AppError('forbidden', { reason: 'no_tenant', detail: 'Choose a tenant that you are a member of.' })
  }
  if (isSuspended) {
    throw new AppError('forbidden', { reason: 'tenant_suspended', detail: 'This tenant is suspended.' })
  }
  if (may(principal, permission as TenantPermission)) return
  throw new AppError('forbidden', { detail: `Your role may not do this: it takes "${permission}".` })
}

export function bearerToken(c: Context): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '')?.[1]
}

export function holdsSetupToken(c: Context<AppEnv>): boolean {
  const { setupToken } = c.var.world
  const given = c.req.header('x-setup-token') ?? bearerToken(c)
  return Boolean(setupToken) && given !== undefined && constantTimeEqual(given, setupToken ?? '')
}

export function addressOf(c: Context): string {
  return c.req.header('cf-connecting-ip') ?? 'local'
}

function backgroundOf(c: Context<AppEnv>): (work: Promise<unknown>) => void {
  return (work) => c.executionCtx.waitUntil(work)
}

function serviceContext(c: Context<AppEnv>, principal: Principal, tenantId: TenantId): ServiceContext {
  const userAgent = c.req.header('user-agent')?.slice(0, 200)
  return {
    ...c.var.world,
    principal,
    tenantId,
    now: Date.now(),
    baseUrl: publicBaseUrl(c.env, c.req.url),
    address: addressOf(c),
    ...(userAgent !== undefined && { userAgent }),
    background: backgroundOf(c),
    note: (change) => c.set('change', { ...c.get('change'), ...change }),
  }
}
