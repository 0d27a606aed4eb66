import { limits } from '../../domain/limits.ts'
import { deleteExpired } from '../../store/expired-people.ts'
import type { World } from '../context.ts'

/** Sessions, tickets and links that are over, and what the audit log kept for long enough. */
export async function sweepPeople({ world, now }: { readonly world: World; readonly now: number }): Promise<void> {
  const before = { session_tickets: now, sessions: now, one_time_links: now, audit_log: now - limits.auditMs }
  await deleteExpired(world.registry, before, limits.sweepRows)
}
