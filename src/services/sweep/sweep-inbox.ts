import { limits } from '../../domain/limits.ts'
import { deleteExpiredInbox } from '../../store/webhook-inbox.ts'
import type { World } from '../context.ts'

/** What nobody mended in a week goes. */
export async function sweepInbox({ world, now }: { readonly world: World; readonly now: number }): Promise<void> {
  await deleteExpiredInbox(world.registry.$client, now - limits.inboxMs, limits.sweepRows)
}
