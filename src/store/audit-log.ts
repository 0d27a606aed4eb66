import type { TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'

export interface AuditEntry {
  readonly at: number
  readonly id: string
  readonly actor: string
  readonly address?: string | undefined
  readonly action: string
  readonly target?: string
  /** As JSON, without secrets. */
  readonly before?: string | null
  readonly after?: string | null
}

/** The same time and id again is the same entry. */
export async function insertAudit(registry: Registry, tenantId: TenantId, entry: AuditEntry): Promise<void> {
  await registry.$client
    .prepare(
      `INSERT INTO audit_log (tenant_id, at, id, actor, address, action, target, before, after)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING`,
    )
    .bind(
      tenantId,
      entry.at,
      entry.id,
      entry.actor,
      entry.address ?? null,
      entry.action,
      entry.target ?? null,
      entry.before ?? null,
      entry.after ?? null,
    )
    .run()
}

export interface AuditFilter {
  readonly action?: string | undefined
  readonly actor?: string | undefined
  readonly target?: string | undefined
  readonly place?: { readonly at: number; readonly id: string } | undefined
}

export interface AuditRow {
  readonly id: string
  readonly at: number
  readonly actor: string
  readonly actorName: string | null
  readonly address: string | null
  readonly action: string
  readonly target: string | null
  readonly before: string | null
  readonly after: string | null
}

/** Newest first, a walk along the primary key. Who is gone has no name. */
export async function pageAudit(
  registry: Registry,
  tenantId: TenantId,
  { action, actor, target, place }: AuditFilter,
  limit: number,
): Promise<AuditRow[]> {
  const { results } = await registry.$client
    .prepare(
      `SELECT a.id, a.at, a.actor, coalesce(p.email, k.name) AS actorName, a.address, a.action, a.target, a.before, a.after
       FROM audit_log a
       LEFT JOIN people p ON a.actor LIKE 'person:%' AND p.id = substr(a.actor, 8)
       LEFT JOIN api_keys k ON a.actor LIKE 'api_key:%' AND k.id = substr(a.actor, 9)
       WHERE a.tenant_id = ?1 AND (?2 IS NULL OR a.action = ?2) AND (?3 IS NULL OR a.actor = ?3)
         AND (?4 IS NULL OR a.target = ?4) AND (?5 IS NULL OR (a.at, a.id) < (?5, ?6))
       ORDER BY a.at DESC, a.id DESC LIMIT ?7`,
    )
    .bind(tenantId, action ?? null, actor ?? null, target ?? null, place?.at ?? null, place?.id ?? null, limit)
    .all<AuditRow>()
  return results
}
