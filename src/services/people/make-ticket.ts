import { limits } from '../../domain/limits.ts'
import { insertTicket } from '../../store/tickets.ts'
import type { ServiceContext } from '../context.ts'
import { newSecret, sha256 } from '../secrets.ts'
import { personOf } from './person-of.ts'

/** Stands for this session, once and within a minute: opens a WebSocket, or signs an app in. */
export async function makeTicket({
  ctx,
}: {
  readonly ctx: ServiceContext
}): Promise<{ ticket: string; expiresAt: number }> {
  const ticket = newSecret('act_')
  const expiresAt = ctx.now + limits.ticketMs
  await insertTicket(ctx.registry, sha256(ticket), personOf(ctx).sessionId, expiresAt)
  return { ticket, expiresAt }
}
