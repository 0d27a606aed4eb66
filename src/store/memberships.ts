import { and, asc, eq } from 'drizzle-orm'
import type { TenantId } from '../domain/ids.ts'
import type { Role } from '../domain/roles.ts'
import type { Registry } from './registry.ts'
import { memberships, people } from './schema-tenants.ts'

export interface Member {
  readonly personId: string
  readonly email: string
  readonly name: string | null
  readonly role: Role
  readonly createdAt: number
}

const member = {
  personId: memberships.personId,
  email: people.email,
  name: people.name,
  role: memberships.role,
  createdAt: memberships.createdAt,
}

export async function listMemberRows(registry: Registry, tenantId: TenantId): Promise<Member[]> {
  return registry
    .select(member)
    .from(memberships)
    .innerJoin(people, eq(people.id, memberships.personId))
    .where(eq(memberships.tenantId, tenantId))
    .orderBy(asc(people.email))
}

export async function findMember(
  registry: Registry,
  tenantId: TenantId,
  personId: string,
): Promise<Member | undefined> {
  return registry
    .select(member)
    .from(memberships)
    .innerJoin(people, eq(people.id, memberships.personId))
    .where(and(eq(memberships.tenantId, tenantId), eq(memberships.personId, personId)))
    .get()
}

/** Somebody else is an owner too; part of the statement, so that two who leave at once do not both go. */
const anotherOwner = `EXISTS (SELECT 1 FROM memberships o WHERE o.tenant_id = ?1 AND o.role = 'owner' AND o.person_id <> ?2)`

/** False: there is no such member, the role is another by now, or it is the last owner. */
export async function updateRole(
  registry: Registry,
  tenantId: TenantId,
  personId: string,
  from: Role,
  to: Role,
): Promise<boolean> {
  const { meta } = await registry.$client
    .prepare(
      `UPDATE memberships SET role = ?4 WHERE tenant_id = ?1 AND person_id = ?2 AND role = ?3
        AND (?3 <> 'owner' OR ?4 = 'owner' OR ${anotherOwner})`,
    )
    .bind(tenantId, personId, from, to)
    .run()
  return meta.changes > 0
}

/** False as with a role. Sessions that work in the tenant are left without one. */
export async function deleteMember(
  registry: Registry,
  tenantId: TenantId,
  personId: string,
  role: Role,
): Promise<boolean> {
  const { meta } = await registry.$client
    .prepare(
      `DELETE FROM memberships WHERE tenant_id = ?1 AND person_id = ?2 AND role = ?3
        AND (?3 <> 'owner' OR ${anotherOwner})`,
    )
    .bind(tenantId, personId, role)
    .run()
  return meta.changes > 0
}

/** As SQL: the person's memberships in tenants where the other is neither owner, nor admin over one who is no owner. */
export function membershipsBeyond(personId: string, byPersonId: string): string {
  return `memberships m WHERE m.person_id = ${personId} AND NOT EXISTS
    (SELECT 1 FROM memberships o WHERE o.tenant_id = m.tenant_id AND o.person_id = ${byPersonId}
      AND (o.role = 'owner' OR (o.role = 'admin' AND m.role <> 'owner')))`
}

export async function countTenantsBeyond(registry: Registry, personId: string, byPersonId: string): Promise<number> {
  const row = await registry.$client
    .prepare(`SELECT count(*) AS n FROM ${membershipsBeyond('?1', '?2')}`)
    .bind(personId, byPersonId)
    .first<{ n: number }>()
  return row?.n ?? 0
}
