import type { TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'

export interface AuditEntry {
  readonly at: number
  readonly id: string
  readonly actor: string
  readonly address?: string | undefined
  readonly action: string
  readonly target?: string
}

/** The same time and id again is the same entry. */
export async function insertAudit(registry: Registry, tenantId: TenantId, entry: AuditEntry): Promise<void> {
  await registry.$client
    .prepare(
      `INSERT INTO audit_log (tenant_id, at, id, actor, address, action, target) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
       ON CONFLICT DO NOTHING`,
    )
    .bind(tenantId, entry.at, entry.id, entry.actor, entry.address ?? null, entry.action, entry.target ?? null)
    .run()
}
