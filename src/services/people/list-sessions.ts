import { listSessionRows } from '../../store/sessions.ts'
import type { ServiceContext } from '../context.ts'
import { personOf } from './person-of.ts'

/** The person's own, the last used first. */
export async function listSessions({ ctx }: { readonly ctx: ServiceContext }) {
  const { personId, sessionId } = personOf(ctx)
  const rows = await listSessionRows(ctx.registry, personId, ctx.now)
  return rows.map(({ tokenHash, userAgent, address, createdAt, lastUsedAt, expiresAt }) => ({
    id: tokenHash,
    isCurrent: tokenHash === sessionId,
    userAgent,
    address,
    createdAt,
    lastUsedAt,
    expiresAt,
  }))
}
