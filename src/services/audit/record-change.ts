import type { TenantId } from '../../domain/ids.ts'
import { newCommandId } from '../../domain/ids.ts'
import { log } from '../../log.ts'
import { insertAudit } from '../../store/audit-log.ts'
import type { Change, ServiceContext } from '../context.ts'
import { actorOf } from '../webhooks/actor.ts'
import { redact } from './redact.ts'

/**
 * A line of the audit log, of the tenant in which it was done (of none: the platform's own) and of the one that it was done
 * to. The change stands already: a log that cannot be written is told to the operators and undoes nothing.
 */
export async function recordChange({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: Change
}): Promise<void> {
  const { action = 'unknown', target, before, after, personId, tenantId, logs } = input
  const entry = {
    at: ctx.now,
    id: newCommandId(ctx.now),
    actor: personId === undefined ? actorOf(ctx) : `person:${personId}`,
    address: ctx.address,
    action,
    ...(target !== undefined && { target }),
    before: redact(before),
    after: redact(after),
  }
  const concerned = new Set(logs ?? [ctx.tenantId, ...(tenantId === undefined ? [] : [tenantId])])
  try {
    await Promise.all([...concerned].map((id: TenantId) => insertAudit(ctx.registry, id, entry)))
  } catch (error) {
    log('error', 'audit_not_written', { action, actor: entry.actor, error })
  }
}
