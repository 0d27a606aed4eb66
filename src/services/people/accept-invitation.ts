import { AppError } from '../../domain/errors.ts'
import type { PersonPrincipal } from '../../domain/principal.ts'
import { acceptInvitation as acceptStatements, findInvitation } from '../../store/links.ts'
import { findPersonByEmail, type NewPerson } from '../../store/people.ts'
import type { ServiceContext } from '../context.ts'
import { sha256 } from '../secrets.ts'
import { linkNotFound } from './invitations.ts'
import { hashNewPassword } from './new-password.ts'
import { type OpenedSession, openSession } from './open-session.ts'

export interface AcceptInput {
  readonly token: string
  readonly name?: string | undefined
  /** Of an account that is new. */
  readonly password?: string | undefined
  readonly signedIn: PersonPrincipal | undefined
  /** Whom Cloudflare Access vouches for: no password is needed. */
  readonly accessEmail: string | undefined
}

/**
 * A new account, or the one that is signed in, becomes a member. Whoever signed in keeps the session, a new one gets one.
 * @throws AppError link_not_found, conflict (account_exists, other_account, plan_limit), validation_rejected
 */
export async function acceptInvitation({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: AcceptInput
}): Promise<OpenedSession | undefined> {
  const hash = sha256(input.token)
  const invitation = await findInvitation(ctx.registry, hash, ctx.now)
  if (!invitation) throw linkNotFound()
  const { email, tenantId } = invitation
  if (input.signedIn && input.signedIn.email !== email) {
    throw new AppError('conflict', {
      reason: 'other_account',
      detail: 'The link is for another e-mail; sign out first.',
    })
  }
  const newPerson = input.signedIn ? undefined : await toPerson(ctx, input, email)
  const personId = input.signedIn?.personId ?? newPerson?.id ?? ''
  const results = await ctx.registry.$client.batch(acceptStatements(ctx.registry, hash, personId, newPerson, ctx.now))
  if (results.at(-1)?.meta.changes !== 1) throw await whyNot(ctx, hash)
  ctx.note?.({ tenantId, personId, target: email, after: { email, role: invitation.role } })
  return input.signedIn ? undefined : openSession(ctx, personId)
}

async function toPerson(ctx: ServiceContext, input: AcceptInput, email: string): Promise<NewPerson> {
  if (await findPersonByEmail(ctx.registry, email)) throw accountExists()
  const isVouchedFor = input.accessEmail !== undefined && input.accessEmail === email
  const passwordHash = isVouchedFor ? null : await hashNewPassword(ctx, input.password ?? '', email)
  return { id: crypto.randomUUID(), email, name: input.name ?? null, passwordHash, now: ctx.now }
}

async function whyNot(ctx: ServiceContext, hash: string): Promise<AppError> {
  const invitation = await findInvitation(ctx.registry, hash, ctx.now)
  if (!invitation) return linkNotFound()
  if (await findPersonByEmail(ctx.registry, invitation.email)) return accountExists()
  return new AppError('conflict', { reason: 'plan_limit', detail: 'The plan of the tenant allows no more members.' })
}

function accountExists(): AppError {
  const detail = 'There is an account with this e-mail: sign in, then open the link again.'
  return new AppError('conflict', { reason: 'account_exists', detail })
}
