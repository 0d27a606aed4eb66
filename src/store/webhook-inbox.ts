import type { TenantId } from '../domain/ids.ts'
import { limits } from '../domain/limits.ts'
import { isMigrationMissing } from './d1-faults.ts'
import type { Registry } from './registry.ts'

/** What could not become a reading, raw. `request` is JSON: what the URL and the headers said, and the device's `alias`. */
export interface InboxRow {
  readonly id: string
  readonly connector: string
  readonly receivedAt: number
  readonly reason: string
  readonly detail: string
  readonly contentType: string | null
  readonly request: string
  readonly body: Uint8Array
  readonly devEui: string | null
  readonly replayedAt: number | null
}

/** Without the body, which may be a quarter of a megabyte. */
export type InboxHead = Omit<InboxRow, 'body'> & { readonly bytes: number }

const head = `id, connector, received_at AS receivedAt, reason, detail, content_type AS contentType, request,
  dev_eui AS devEui, replayed_at AS replayedAt`

/** The same call again is the same entry; so is what bears the same mark. */
export async function insertInboxRow(
  registry: Registry,
  tenantId: TenantId,
  row: Omit<InboxRow, 'replayedAt'>,
  mark: string | undefined,
): Promise<void> {
  const db = registry.$client
  try {
    await write(db, tenantId, row, mark)
  } catch (error) {
    // Marks came with a later migration; an entry is worth more than its mark.
    if (mark === undefined || !isMigrationMissing(error)) throw error
    await write(db, tenantId, row, undefined)
  }
}

async function write(
  db: D1Database,
  tenantId: TenantId,
  row: Omit<InboxRow, 'replayedAt'>,
  mark: string | undefined,
): Promise<void> {
  const { id, connector, receivedAt, reason, detail, contentType, request, body, devEui } = row
  const values = [tenantId, id, connector, receivedAt, reason, detail, contentType, request, body, devEui]
  const columns = 'tenant_id, id, connector, received_at, reason, detail, content_type, request, body, dev_eui'
  const places = mark === undefined ? values : [...values, mark]
  const insert = db
    .prepare(
      `INSERT INTO webhook_inbox (${columns}${mark === undefined ? '' : ', mark'})
       VALUES (${places.map((_, i) => `?${i + 1}`).join(', ')}) ON CONFLICT DO NOTHING`,
    )
    .bind(...places)
  // Counting a tenant's entries reads them: one in sixteen does it.
  if (id.endsWith('0')) await db.batch([insert, trim(db, tenantId)])
  else await insert.run()
}

/** Ids sort by time: the oldest beyond the bound go. */
function trim(db: D1Database, tenantId: TenantId): D1PreparedStatement {
  return db
    .prepare(
      `DELETE FROM webhook_inbox WHERE tenant_id = ?1 AND id <=
         (SELECT id FROM webhook_inbox WHERE tenant_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)`,
    )
    .bind(tenantId, limits.inboxEntries)
}

export interface InboxFilter {
  readonly reason?: string | undefined
  readonly connector?: string | undefined
  readonly devEui?: string | undefined
  /** What the server calls the device. */
  readonly alias?: string | undefined
  readonly before?: string | undefined
  /** Those that were replayed with success too. */
  readonly all?: boolean | undefined
}

/** Newest first, older than the entry `before`. */
export async function listInboxRows(
  registry: Registry,
  tenantId: TenantId,
  { reason, connector, devEui, alias, before, all }: InboxFilter,
  limit: number,
): Promise<InboxHead[]> {
  const { results } = await registry.$client
    .prepare(
      `SELECT ${head}, length(body) AS bytes FROM webhook_inbox
       WHERE tenant_id = ?1 AND (?2 IS NULL OR id < ?2) AND (?3 IS NULL OR reason = ?3)
         AND (?4 IS NULL OR connector = ?4) AND (?5 IS NULL OR dev_eui = ?5) AND (?6 OR replayed_at IS NULL)
         AND (?8 IS NULL OR request ->> 'alias' = ?8)
       ORDER BY id DESC LIMIT ?7`,
    )
    .bind(
      tenantId,
      before ?? null,
      reason ?? null,
      connector ?? null,
      devEui ?? null,
      all ? 1 : 0,
      limit,
      alias ?? null,
    )
    .all<InboxHead>()
  return results
}

export async function findInboxRow(registry: Registry, tenantId: TenantId, id: string): Promise<InboxRow | undefined> {
  const row = await registry.$client
    .prepare(`SELECT ${head}, body FROM webhook_inbox WHERE tenant_id = ?1 AND id = ?2`)
    .bind(tenantId, id)
    .first<Omit<InboxRow, 'body'> & { body: ArrayBuffer | readonly number[] }>()
  return row ? { ...row, body: Uint8Array.from(new Uint8Array(row.body as ArrayBuffer)) } : undefined
}

export async function countInbox(registry: Registry, tenantId: TenantId): Promise<number> {
  const row = await registry.$client
    .prepare('SELECT count(*) AS n FROM webhook_inbox WHERE tenant_id = ?1 AND replayed_at IS NULL')
    .bind(tenantId)
    .first<{ n: number }>()
  return row?.n ?? 0
}

export async function markReplayed(registry: Registry, tenantId: TenantId, id: string, now: number): Promise<void> {
  await registry.$client
    .prepare('UPDATE webhook_inbox SET replayed_at = ?3 WHERE tenant_id = ?1 AND id = ?2')
    .bind(tenantId, id, now)
    .run()
}

/** It failed once more, perhaps for another reason. */
export async function updateInboxReason(
  registry: Registry,
  tenantId: TenantId,
  id: string,
  why: Pick<InboxRow, 'reason' | 'detail'>,
): Promise<void> {
  await registry.$client
    .prepare('UPDATE webhook_inbox SET reason = ?3, detail = ?4 WHERE tenant_id = ?1 AND id = ?2')
    .bind(tenantId, id, why.reason, why.detail)
    .run()
}

export async function deleteInboxRow(registry: Registry, tenantId: TenantId, id: string): Promise<boolean> {
  const { meta } = await registry.$client
    .prepare('DELETE FROM webhook_inbox WHERE tenant_id = ?1 AND id = ?2')
    .bind(tenantId, id)
    .run()
  return meta.changes > 0
}

/** What is older, of all tenants, and of one tenant what is beyond its bound: in steps of `rows`. */
export async function deleteExpiredInbox(db: D1Database, before: number, rows: number): Promise<void> {
  await db
    .prepare(
      `DELETE FROM webhook_inbox WHERE (tenant_id, id) IN
        (SELECT tenant_id, id FROM webhook_inbox WHERE received_at < ?1 LIMIT ?2)`,
    )
    .bind(before, rows)
    .run()
}
