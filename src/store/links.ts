import { and, desc, eq, gt, isNull, sql } from 'drizzle-orm'
import type { TenantId } from '../domain/ids.ts'
import type { Role } from '../domain/roles.ts'
import { membershipsBeyond } from './memberships.ts'
import type { NewPerson } from './people.ts'
import type { Registry } from './registry.ts'
import { oneTimeLinks, tenants } from './schema-tenants.ts'

export interface NewLink {
  readonly hash: string
  readonly purpose: 'invitation' | 'password_reset'
  readonly tenantId: string | null
  readonly personId: string | null
  readonly email: string
  readonly role: Role | null
  readonly createdBy: string
  readonly now: number
  readonly expiresAt: number
}

/** One that is open for the same e-mail is over with it. */
export async function insertLink(registry: Registry, link: NewLink): Promise<void> {
  const db = registry.$client
  await db.batch([
    db
      .prepare('DELETE FROM one_time_links WHERE purpose = ?1 AND tenant_id IS ?2 AND email = ?3 AND used_at IS NULL')
      .bind(link.purpose, link.tenantId, link.email),
    db
      .prepare(
        `INSERT INTO one_time_links (token_hash, purpose, tenant_id, person_id, email, role, created_by, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`,
      )
      .bind(
        link.hash,
        link.purpose,
        link.tenantId,
        link.personId,
        link.email,
        link.role,
        link.createdBy,
        link.now,
        link.expiresAt,
      ),
  ])
}

function isOpen(purpose: 'invitation' | 'password_reset', now: number) {
  return and(eq(oneTimeLinks.purpose, purpose), isNull(oneTimeLinks.usedAt), gt(oneTimeLinks.expiresAt, now))
}

/** Who made the invitation may still invite: a link outlives neither its maker's role nor the key that made it. */
function ofInviter(link: string): string {
  return `(EXISTS (SELECT 1 FROM people p LEFT JOIN memberships m ON m.person_id = p.id AND m.tenant_id = ${link}.tenant_id
      WHERE ${link}.created_by = 'person:' || p.id
        AND (p.is_operator = 1 OR m.role = 'owner' OR (m.role = 'admin' AND ${link}.role <> 'owner')))
    OR EXISTS (SELECT 1 FROM api_keys k WHERE ${link}.created_by = 'api_key:' || k.id
      AND k.tenant_id = ${link}.tenant_id AND k.revoked_at IS NULL))`
}

/** Who made the link still stands above the person, in whichever tenant that one has joined meanwhile. */
const byOneAbove = `EXISTS (SELECT 1 FROM people maker JOIN people p ON p.id = l.person_id
  WHERE l.created_by = 'person:' || maker.id AND (maker.is_operator = 1 OR (p.is_operator = 0
    AND EXISTS (SELECT 1 FROM memberships WHERE person_id = p.id)
    AND NOT EXISTS (SELECT 1 FROM ${membershipsBeyond('p.id', 'maker.id')}))))`

/** The hash is the credential. */
export async function findInvitation(registry: Registry, hash: string, now: number) {
  const row = await registry
    .select({ email: oneTimeLinks.email, role: oneTimeLinks.role, tenantId: tenants.id, tenantName: tenants.name })
    .from(oneTimeLinks)
    .innerJoin(tenants, and(eq(tenants.id, oneTimeLinks.tenantId), isNull(tenants.suspendedAt)))
    .where(and(eq(oneTimeLinks.tokenHash, hash), isOpen('invitation', now), sql.raw(ofInviter('one_time_links'))))
    .get()
  return row?.email && row.role
    ? { ...row, email: row.email, role: row.role as Role, tenantId: row.tenantId as TenantId }
    : undefined
}

export async function findResetLink(registry: Registry, hash: string, now: number) {
  return registry.$client
    .prepare(
      `SELECT l.person_id AS personId, l.email FROM one_time_links l WHERE l.token_hash = ?1
        AND l.purpose = 'password_reset' AND l.used_at IS NULL AND l.expires_at > ?2 AND ${byOneAbove}`,
    )
    .bind(hash, now)
    .first<{ personId: string; email: string }>()
}

export async function listOpenInvitations(registry: Registry, tenantId: TenantId, now: number) {
  const rows = await registry
    .select()
    .from(oneTimeLinks)
    .where(and(eq(oneTimeLinks.tenantId, tenantId), isOpen('invitation', now), sql.raw(ofInviter('one_time_links'))))
    .orderBy(desc(oneTimeLinks.createdAt))
  return rows.map(({ tokenHash, email, role, createdAt, expiresAt }) => ({
    id: tokenHash,
    email: email ?? '',
    role: role as Role,
    createdAt,
    expiresAt,
  }))
}

export async function deleteInvitation(registry: Registry, tenantId: TenantId, hash: string) {
  return registry
    .delete(oneTimeLinks)
    .where(
      and(
        eq(oneTimeLinks.tenantId, tenantId),
        eq(oneTimeLinks.tokenHash, hash),
        eq(oneTimeLinks.purpose, 'invitation'),
        isNull(oneTimeLinks.usedAt),
      ),
    )
    .returning({ email: oneTimeLinks.email, role: oneTimeLinks.role })
    .get()
}

const open = `SELECT 1 FROM one_time_links l WHERE l.token_hash = ?1 AND l.used_at IS NULL AND l.expires_at > ?2`
const room = `(SELECT count(*) FROM memberships WHERE tenant_id = l.tenant_id) <
  coalesce((SELECT max_users FROM plans JOIN tenants ON plans.id = plan_id WHERE tenants.id = l.tenant_id), 9e15)`

/**
 * The invited person is a member, and the link is used: all or nothing, and of many that come at once one, since each
 * statement asks whether the link is open still. The last statement tells: it changed a row, or not.
 */
export function acceptInvitation(
  registry: Registry,
  hash: string,
  personId: string,
  newPerson: NewPerson | undefined,
  now: number,
): D1PreparedStatement[] {
  const db = registry.$client
  const statements = [
    db
      .prepare(
        `INSERT INTO memberships (tenant_id, person_id, role, created_at)
         SELECT l.tenant_id, ?3, l.role, ?2 FROM one_time_links l
         WHERE l.token_hash = ?1 AND l.used_at IS NULL AND l.expires_at > ?2 AND ${ofInviter('l')} AND ${room}
           AND EXISTS (SELECT 1 FROM people WHERE id = ?3) ON CONFLICT DO NOTHING`,
      )
      .bind(hash, now, personId),
    db
      .prepare(
        `UPDATE one_time_links AS l SET used_at = ?2, person_id = ?3
         WHERE l.token_hash = ?1 AND l.used_at IS NULL AND l.expires_at > ?2 AND ${ofInviter('l')}
           AND EXISTS (SELECT 1 FROM memberships WHERE tenant_id = l.tenant_id AND person_id = ?3)`,
      )
      .bind(hash, now, personId),
  ]
  if (!newPerson) return statements
  const { email, name, passwordHash } = newPerson
  const insert = db
    .prepare(
      `INSERT INTO people (id, email, name, password_hash, created_at, updated_at)
       SELECT ?3, ?4, ?5, ?6, ?2, ?2 WHERE EXISTS (${open} AND ${ofInviter('l')} AND ${room}) ON CONFLICT DO NOTHING`,
    )
    .bind(hash, now, personId, email, name, passwordHash)
  return [insert, ...statements]
}

/** The password is the new one, every session is over, and the link is used. The last statement tells. */
export function useResetLink(
  registry: Registry,
  hash: string,
  personId: string,
  passwordHash: string,
  now: number,
): D1PreparedStatement[] {
  const db = registry.$client
  const ofLink = `${open} AND l.person_id = ?3 AND ${byOneAbove}`
  return [
    db
      .prepare(`UPDATE people SET password_hash = ?4, updated_at = ?2 WHERE id = ?3 AND EXISTS (${ofLink})`)
      .bind(hash, now, personId, passwordHash),
    db.prepare(`DELETE FROM sessions WHERE person_id = ?3 AND EXISTS (${ofLink})`).bind(hash, now, personId),
    db
      .prepare(`UPDATE one_time_links SET used_at = ?2 WHERE token_hash = ?1 AND EXISTS (${ofLink})`)
      .bind(hash, now, personId),
  ]
}
