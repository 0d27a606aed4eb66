import { AppError } from '../../domain/errors.ts'
import type { ServiceContext } from '../context.ts'
import { type OpenedSession, openSession } from './open-session.ts'
import { signIn } from './sign-in.ts'
import { useTicket } from './use-ticket.ts'

export type ExchangeInput = { readonly code: string } | { readonly email: string; readonly password: string }

/** A session for an app: for a ticket that a signed-in person made, or for e-mail and password. */
export async function exchange({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: ExchangeInput
}): Promise<OpenedSession> {
  if (!('code' in input)) return signIn({ ctx, input: { ...input, kind: 'bearer' } })
  const session = await useTicket(ctx, input.code, ctx.now)
  if (!session) throw new AppError('unauthenticated', { detail: 'The code is not known, was used, or is over.' })
  const { personId, sessionId } = session.principal
  ctx.note?.({ personId, target: personId, after: undefined })
  return openSession(ctx, personId, 'bearer', { sessionId })
}
