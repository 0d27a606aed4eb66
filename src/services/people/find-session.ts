import type { TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { PersonPrincipal } from '../../domain/principal.ts'
import { findLiveSession, type LiveSession, noteSessionUse } from '../../store/sessions.ts'
import type { World } from '../context.ts'
import { sha256 } from '../secrets.ts'

export interface FoundSession {
  readonly principal: PersonPrincipal
  /** Where the session works and the person is a member. */
  readonly tenantId: TenantId | undefined
  readonly isSuspended: boolean
}

/**
 * One is no use as the other: a cookie that was stolen opens nothing as a bearer token, which knows no Origin and no Access.
 */
export const sessionPrefixes = { cookie: 'acs_', bearer: 'acb_' } as const
export type SessionKind = keyof typeof sessionPrefixes

/** Whose session this is: one read, and within an hour of its last use no write. */
export async function findSession(
  world: World,
  token: string,
  kind: SessionKind,
  now: number,
  background: (work: Promise<unknown>) => void,
): Promise<FoundSession | undefined> {
  if (!token.startsWith(sessionPrefixes[kind])) return undefined
  return toFound(world, await findLiveSession(world.registry, sha256(token), now), now, background)
}

export async function findSessionByHash(world: World, hash: string, now: number): Promise<FoundSession | undefined> {
  return toFound(world, await findLiveSession(world.registry, hash, now), now, () => undefined)
}

function toFound(
  world: World,
  row: LiveSession | undefined,
  now: number,
  background: (work: Promise<unknown>) => void,
): FoundSession | undefined {
  if (!row) return undefined
  if (now - row.lastUsedAt >= limits.sessionNoteMs) {
    const expiresAt = Math.min(now + limits.sessionIdleMs, row.createdAt + limits.sessionMs)
    background(noteSessionUse(world.registry, row.id, now, expiresAt))
  }
  const { id, personId, email, isOperator, role, tenantId } = row
  return {
    principal: { kind: 'person', personId, email, sessionId: id, isOperator, ...(role && { role }) },
    tenantId: role ? (tenantId as TenantId) : undefined,
    isSuspended: row.isSuspended,
  }
}
