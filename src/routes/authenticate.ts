import type { Context } from 'hono'
import { AppError } from '../domain/errors.ts'
import type { TenantId } from '../domain/ids.ts'
import type { ApiScope, Principal } from '../domain/principal.ts'
import { publicBaseUrl } from '../env.ts'
import { findApiKey } from '../services/api-keys/find-api-key.ts'
import type { ServiceContext } from '../services/context.ts'
import { constantTimeEqual } from '../services/secrets.ts'
import type { AppEnv } from './app-env.ts'
import type { Permission } from './permission.ts'

/** Where nobody speaks for a tenant, no row matches. */
const noTenant = '' as TenantId

/** Scopes that include others. */
const granted: Readonly<Record<ApiScope, readonly ApiScope[]>> = {
  read: ['read'],
  write: ['read', 'write'],
  admin: ['read', 'write', 'admin'],
}

/** @throws AppError unauthenticated, forbidden */
export async function authenticate(c: Context<AppEnv>, permission: Permission): Promise<ServiceContext> {
  if (permission === 'public' || permission === 'device' || permission === 'webhook') {
    return serviceContext(c, { kind: 'anonymous' }, noTenant)
  }
  if (permission === 'setup') {
    requireSetupToken(c)
    return serviceContext(c, { kind: 'setup' }, noTenant)
  }
  const key = bearerToken(c)
  const principal = key === undefined ? undefined : await findApiKey({ world: c.var.world, key, now: Date.now() })
  if (!principal)
    throw new AppError('unauthenticated', {
      detail: 'Send a valid API key as "Authorization: Bearer …".',
    })
  if (!principal.scopes.some((scope) => granted[scope].includes(permission))) {
    throw new AppError('forbidden', {
      detail: `This API key lacks the scope "${permission}".`,
    })
  }
  return serviceContext(c, principal, principal.tenantId)
}

export function bearerToken(c: Context): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(c.req.header('authorization') ?? '')?.[1]
}

function requireSetupToken(c: Context<AppEnv>): void {
  const { setupToken } = c.var.world
  const given = c.req.header('x-setup-token') ?? bearerToken(c)
  if (!setupToken || given === undefined || !constantTimeEqual(given, setupToken)) {
    throw new AppError('unauthenticated', {
      detail: 'Send the SETUP_TOKEN as "Authorization: Bearer …".',
    })
  }
}

function serviceContext(c: Context<AppEnv>, principal: Principal, tenantId: TenantId): ServiceContext {
  return {
    ...c.var.world,
    principal,
    tenantId,
    now: Date.now(),
    baseUrl: publicBaseUrl(c.env, c.req.url),
    background: (work) => c.executionCtx.waitUntil(work),
  }
}
