import { takeTicket } from '../../store/tickets.ts'
import type { World } from '../context.ts'
import { sha256 } from '../secrets.ts'
import { type FoundSession, findSessionByHash } from './find-session.ts'

/** The session that a ticket stands for, once. */
export async function useTicket(world: World, ticket: string, now: number): Promise<FoundSession | undefined> {
  const session = await takeTicket(world.registry, sha256(ticket), now)
  return session === undefined ? undefined : findSessionByHash(world, session, now)
}
