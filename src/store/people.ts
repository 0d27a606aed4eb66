import { eq } from 'drizzle-orm'
import type { Role } from '../domain/roles.ts'
import type { Registry } from './registry.ts'
import { people } from './schema-tenants.ts'

export type PersonRow = typeof people.$inferSelect

export async function findPersonByEmail(registry: Registry, email: string): Promise<PersonRow | undefined> {
  return registry.select().from(people).where(eq(people.email, email)).get()
}

export async function findPerson(registry: Registry, id: string): Promise<PersonRow | undefined> {
  return registry.select().from(people).where(eq(people.id, id)).get()
}

export async function isAnyoneThere(registry: Registry): Promise<boolean> {
  return (await registry.select({ id: people.id }).from(people).limit(1).get()) !== undefined
}

export interface NewPerson {
  readonly id: string
  readonly email: string
  readonly name: string | null
  readonly passwordHash: string | null
  readonly now: number
}

/**
 * The first person: owner of the first tenant, which is made where there is none, and platform operator. Nothing where
 * somebody is there already: the condition is part of the statements, so of many that ask at once one is the first.
 */
export function insertFirstPerson(
  registry: Registry,
  person: NewPerson,
  tenant: { readonly id: string; readonly name: string },
): D1PreparedStatement[] {
  const db = registry.$client
  return [
    db
      .prepare(
        `INSERT INTO tenants (id, name, plan_id, created_at, updated_at) SELECT ?1, ?2, 'default', ?3, ?3
         WHERE NOT EXISTS (SELECT 1 FROM people) AND NOT EXISTS (SELECT 1 FROM tenants)`,
      )
      .bind(tenant.id, tenant.name, person.now),
    db
      .prepare(
        `INSERT INTO people (id, email, name, password_hash, is_operator, created_at, updated_at)
         SELECT ?1, ?2, ?3, ?4, 1, ?5, ?5 WHERE NOT EXISTS (SELECT 1 FROM people)`,
      )
      .bind(person.id, person.email, person.name, person.passwordHash, person.now),
    db
      .prepare(
        `INSERT INTO memberships (tenant_id, person_id, role, created_at)
         SELECT (SELECT id FROM tenants ORDER BY created_at, id LIMIT 1), id, 'owner', ?2 FROM people WHERE id = ?1`,
      )
      .bind(person.id, person.now),
  ]
}

/** All or nothing: with the old password end every other session, and links with which somebody could set another. */
export async function changePassword(
  registry: Registry,
  id: string,
  hash: string,
  keptSession: string,
  now: number,
): Promise<void> {
  const db = registry.$client
  await db.batch([
    db.prepare('UPDATE people SET password_hash = ?2, updated_at = ?3 WHERE id = ?1').bind(id, hash, now),
    db.prepare('DELETE FROM sessions WHERE person_id = ?1 AND token_hash <> ?2').bind(id, keptSession),
    db
      .prepare("DELETE FROM one_time_links WHERE person_id = ?1 AND purpose = 'password_reset' AND used_at IS NULL")
      .bind(id),
  ])
}

/** Only in place of the one that it was made from: a change meanwhile stands. */
export async function renewPasswordHash(registry: Registry, id: string, old: string, hash: string): Promise<void> {
  await registry.$client
    .prepare('UPDATE people SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2')
    .bind(id, old, hash)
    .run()
}

export async function renamePerson(registry: Registry, id: string, name: string | null, now: number): Promise<void> {
  await registry.update(people).set({ name, updatedAt: now }).where(eq(people.id, id))
}

export interface TenantOfPerson {
  readonly tenantId: string
  readonly name: string
  readonly role: Role
  readonly isSuspended: boolean
}

export async function listTenantsOf(registry: Registry, personId: string): Promise<TenantOfPerson[]> {
  const { results } = await registry.$client
    .prepare(
      `SELECT t.id AS tenantId, t.name, m.role, t.suspended_at IS NOT NULL AS suspended
       FROM memberships m JOIN tenants t ON t.id = m.tenant_id WHERE m.person_id = ?1 ORDER BY t.name, t.id`,
    )
    .bind(personId)
    .all<{ tenantId: string; name: string; role: Role; suspended: number }>()
  return results.map(({ suspended, ...row }) => ({ ...row, isSuspended: suspended === 1 }))
}

/** Not one who is the last owner of a tenant, or the last platform operator. */
const mayGo = `
  NOT EXISTS (SELECT 1 FROM memberships m WHERE m.person_id = ?1 AND m.role = 'owner' AND NOT EXISTS
    (SELECT 1 FROM memberships o WHERE o.tenant_id = m.tenant_id AND o.role = 'owner' AND o.person_id <> ?1))
  AND (is_operator = 0 OR EXISTS (SELECT 1 FROM people o WHERE o.is_operator = 1 AND o.id <> ?1))`

/** With memberships, sessions and links. False: the person may not go. */
export async function deletePerson(registry: Registry, id: string): Promise<boolean> {
  const db = registry.$client
  const { meta } = await db.prepare(`DELETE FROM people WHERE id = ?1 AND ${mayGo}`).bind(id).run()
  return meta.changes > 0
}

/** False: there is no such person, or it is the last operator. */
export async function setOperator(registry: Registry, id: string, isOperator: boolean, now: number): Promise<boolean> {
  const another = '(SELECT 1 FROM people o WHERE o.is_operator = 1 AND o.id <> ?1)'
  const { meta } = await registry.$client
    .prepare(`UPDATE people SET is_operator = ?2, updated_at = ?3 WHERE id = ?1 AND (?2 = 1 OR EXISTS ${another})`)
    .bind(id, isOperator ? 1 : 0, now)
    .run()
  return meta.changes > 0
}

export async function listOperators(registry: Registry) {
  return registry
    .select({ personId: people.id, email: people.email, name: people.name })
    .from(people)
    .where(eq(people.isOperator, true))
    .orderBy(people.email)
}
