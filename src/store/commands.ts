import { and, desc, eq, lt } from 'drizzle-orm'
import type { CommandState } from '../domain/command.ts'
import type { DeviceId, TenantId } from '../domain/ids.ts'
import type { Registry } from './registry.ts'
import { commands } from './schema-devices.ts'

/** A command as the history keeps it. `params` and `result` are JSON. */
export type CommandRecord = typeof commands.$inferSelect

/** One statement; nothing where the tenant has no such device any more. */
export async function upsertCommands(
  registry: Registry,
  tenantId: TenantId,
  deviceId: DeviceId,
  records: readonly Omit<CommandRecord, 'tenantId' | 'deviceId'>[],
): Promise<void> {
  const rows = records.map((r) => [
    r.id,
    r.requestId,
    r.method,
    r.params,
    r.twoWay ? 1 : 0,
    r.persistent ? 1 : 0,
    r.status,
    r.result,
    r.createdBy,
    r.createdAt,
    r.expiresAt,
    r.sentAt,
    r.deliveredAt,
    r.finishedAt,
  ])
  await registry.$client
    .prepare(
      `INSERT INTO commands (tenant_id, device_id, id, request_id, method, params, two_way, persistent, status, result,
        created_by, created_at, expires_at, sent_at, delivered_at, finished_at)
       SELECT d.tenant_id, d.id, j.value ->> 0, j.value ->> 1, j.value ->> 2, j.value ->> 3, j.value ->> 4, j.value ->> 5,
        j.value ->> 6, j.value ->> 7, j.value ->> 8, j.value ->> 9, j.value ->> 10, j.value ->> 11, j.value ->> 12,
        j.value ->> 13
       FROM devices d, json_each(?3) j WHERE d.id = ?2 AND d.tenant_id = ?1
       ON CONFLICT (device_id, id) DO UPDATE SET status = excluded.status, result = excluded.result,
        sent_at = excluded.sent_at, delivered_at = excluded.delivered_at, finished_at = excluded.finished_at
       WHERE commands.finished_at IS NULL OR (commands.status IN ('sent', 'delivered') AND excluded.finished_at IS NOT NULL)
        OR (excluded.status = 'delivered' AND excluded.finished_at IS NOT NULL AND commands.status IN ('failed', 'expired'))`,
    )
    .bind(tenantId, deviceId, JSON.stringify(rows))
    .run()
}

/** Newest first. */
export async function listCommands(
  registry: Registry,
  tenantId: TenantId,
  deviceId: DeviceId,
  page: { readonly before: string | undefined; readonly limit: number; readonly state: CommandState | undefined },
): Promise<CommandRecord[]> {
  return registry
    .select()
    .from(commands)
    .where(
      and(
        eq(commands.tenantId, tenantId),
        eq(commands.deviceId, deviceId),
        page.before === undefined ? undefined : lt(commands.id, page.before),
        page.state && eq(commands.status, page.state),
      ),
    )
    .orderBy(desc(commands.id))
    .limit(page.limit)
}

export async function findCommand(
  registry: Registry,
  tenantId: TenantId,
  deviceId: DeviceId,
  id: string,
): Promise<CommandRecord | undefined> {
  const [row] = await registry
    .select()
    .from(commands)
    .where(and(eq(commands.tenantId, tenantId), eq(commands.deviceId, deviceId), eq(commands.id, id)))
  return row
}
