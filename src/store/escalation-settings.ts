import type { EscalationSettings } from '../domain/alarm/escalation.ts'
import type { TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'

export async function findEscalationSettings(
  registry: Registry,
  tenantId: TenantId,
): Promise<EscalationSettings | undefined> {
  const row = await registry.$client
    .prepare('SELECT settings FROM escalation_settings WHERE tenant_id = ?1')
    .bind(tenantId)
    .first<{ settings: string }>()
  return row ? (JSON.parse(row.settings) as EscalationSettings) : undefined
}

export async function saveEscalationSettings(
  registry: Registry,
  tenantId: TenantId,
  settings: EscalationSettings,
  now: number,
): Promise<void> {
  await registry.$client
    .prepare(
      `INSERT INTO escalation_settings (tenant_id, settings, updated_at) VALUES (?1, ?2, ?3)
       ON CONFLICT (tenant_id) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at`,
    )
    .bind(tenantId, JSON.stringify(settings), now)
    .run()
}
