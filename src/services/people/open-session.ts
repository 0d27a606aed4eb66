import { AppError } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import { insertSession, type SessionProof, trimSessions } from '../../store/sessions.ts'
import type { ServiceContext } from '../context.ts'
import { newSecret, sha256 } from '../secrets.ts'
import { type SessionKind, sessionPrefixes } from './find-session.ts'

export interface OpenedSession {
  /** Shown this once: to the browser as a cookie, to an app in the answer. */
  readonly token: string
  readonly expiresAt: number
}

/**
 * Always a new token: one that somebody planted before is worth nothing after.
 * @throws AppError unauthenticated where what proved the person does so no more
 */
export async function openSession(
  ctx: ServiceContext,
  personId: string,
  kind: SessionKind = 'cookie',
  proof: SessionProof = {},
): Promise<OpenedSession> {
  const token = newSecret(sessionPrefixes[kind])
  const expiresAt = ctx.now + limits.sessionIdleMs
  const session = {
    hash: sha256(token),
    personId,
    userAgent: ctx.userAgent ?? null,
    address: ctx.address ?? null,
    now: ctx.now,
    expiresAt,
    proof,
  }
  const [made] = await ctx.registry.$client.batch<{ tenantId: string | null }>([
    insertSession(ctx.registry, session),
    trimSessions(ctx.registry, personId, limits.sessionsPerPerson),
  ])
  const row = made?.results[0]
  if (!row) throw new AppError('unauthenticated', { detail: 'This was changed or revoked meanwhile; sign in again.' })
  const { tenantId } = row
  if (tenantId) ctx.note?.({ tenantId: tenantId as TenantId })
  return { token, expiresAt }
}
