import { and, desc, eq, gt, ne } from 'drizzle-orm'
import type { Role } from '../domain/roles.ts'
import type { Registry } from './registry.ts'
import { sessions } from './schema-tenants.ts'

export interface LiveSession {
  readonly id: string
  readonly personId: string
  readonly email: string
  readonly isOperator: boolean
  /** Where the session works, and the person's role there. */
  readonly tenantId: string | null
  readonly role: Role | null
  readonly isSuspended: boolean
  readonly createdAt: number
  readonly lastUsedAt: number
  readonly expiresAt: number
}

interface Row extends Omit<LiveSession, 'isOperator' | 'isSuspended'> {
  readonly isOperator: number
  readonly isSuspended: number
}

/** The hash is the credential. One read: who, in which tenant, as what. */
export async function findLiveSession(registry: Registry, hash: string, now: number): Promise<LiveSession | undefined> {
  const row = await registry.$client
    .prepare(
      `SELECT s.token_hash AS id, s.person_id AS personId, p.email, p.is_operator AS isOperator,
         s.tenant_id AS tenantId, m.role, t.suspended_at IS NOT NULL AS isSuspended,
         s.created_at AS createdAt, s.last_used_at AS lastUsedAt, s.expires_at AS expiresAt
       FROM sessions s JOIN people p ON p.id = s.person_id
       LEFT JOIN memberships m ON m.tenant_id = s.tenant_id AND m.person_id = s.person_id
       LEFT JOIN tenants t ON t.id = s.tenant_id
       WHERE s.token_hash = ?1 AND s.expires_at > ?2`,
    )
    .bind(hash, now)
    .first<Row>()
  return row ? { ...row, isOperator: row.isOperator === 1, isSuspended: row.isSuspended === 1 } : undefined
}

export interface NewSession {
  readonly hash: string
  readonly personId: string
  readonly userAgent: string | null
  readonly address: string | null
  readonly now: number
  readonly expiresAt: number
  readonly proof: SessionProof
}

/** What a person was known by, and must still be when the session is made: it may be changed or revoked meanwhile. */
export interface SessionProof {
  readonly passwordHash?: string | null
  readonly sessionId?: string
}

/** It works in the tenant that the person worked in last, or joined first. */
export function insertSession(registry: Registry, session: NewSession): D1PreparedStatement {
  return registry.$client
    .prepare(
      `INSERT INTO sessions (token_hash, person_id, tenant_id, user_agent, address, created_at, last_used_at, expires_at)
       SELECT ?1, p.id, coalesce(
           (SELECT s.tenant_id FROM sessions s JOIN memberships m ON m.tenant_id = s.tenant_id AND m.person_id = p.id
             WHERE s.person_id = p.id ORDER BY s.last_used_at DESC LIMIT 1),
           (SELECT tenant_id FROM memberships WHERE person_id = p.id ORDER BY created_at, tenant_id LIMIT 1)),
         ?3, ?4, ?5, ?5, ?6
       FROM people p WHERE p.id = ?2 AND (?7 IS NULL OR p.password_hash = ?7)
         AND (?8 IS NULL OR EXISTS (SELECT 1 FROM sessions WHERE token_hash = ?8 AND person_id = p.id))
       RETURNING tenant_id AS tenantId`,
    )
    .bind(
      session.hash,
      session.personId,
      session.userAgent,
      session.address,
      session.now,
      session.expiresAt,
      session.proof.passwordHash ?? null,
      session.proof.sessionId ?? null,
    )
}

/** Those that were not used for longest go, beyond so many. */
export function trimSessions(registry: Registry, personId: string, most: number): D1PreparedStatement {
  return registry.$client
    .prepare(
      `DELETE FROM sessions WHERE person_id = ?1 AND token_hash NOT IN
        (SELECT token_hash FROM sessions WHERE person_id = ?1 ORDER BY last_used_at DESC LIMIT ?2)`,
    )
    .bind(personId, most)
}

export async function noteSessionUse(registry: Registry, hash: string, now: number, expiresAt: number): Promise<void> {
  await registry.update(sessions).set({ lastUsedAt: now, expiresAt }).where(eq(sessions.tokenHash, hash))
}

export async function listSessionRows(registry: Registry, personId: string, now: number) {
  return registry
    .select()
    .from(sessions)
    .where(and(eq(sessions.personId, personId), gt(sessions.expiresAt, now)))
    .orderBy(desc(sessions.lastUsedAt))
}

export async function deleteSession(registry: Registry, personId: string, hash: string): Promise<boolean> {
  const { meta } = await registry
    .delete(sessions)
    .where(and(eq(sessions.personId, personId), eq(sessions.tokenHash, hash)))
  return meta.changes > 0
}

/** All of the person's, but for the one to keep. */
export async function deleteSessions(registry: Registry, personId: string, keep: string): Promise<void> {
  await registry.delete(sessions).where(and(eq(sessions.personId, personId), ne(sessions.tokenHash, keep)))
}

/** False: the person is no member there. */
export async function moveSession(
  registry: Registry,
  hash: string,
  personId: string,
  tenantId: string,
): Promise<boolean> {
  const { meta } = await registry.$client
    .prepare(
      `UPDATE sessions SET tenant_id = ?3 WHERE token_hash = ?1 AND person_id = ?2
        AND EXISTS (SELECT 1 FROM memberships WHERE tenant_id = ?3 AND person_id = ?2)`,
    )
    .bind(hash, personId, tenantId)
    .run()
  return meta.changes > 0
}
