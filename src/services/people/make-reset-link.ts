import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { insertLink } from '../../store/links.ts'
import { countTenantsBeyond } from '../../store/memberships.ts'
import { findPerson } from '../../store/people.ts'
import type { ServiceContext } from '../context.ts'
import { newSecret, sha256 } from '../secrets.ts'
import { actorOf } from '../webhooks/actor.ts'
import { personOf } from './person-of.ts'
import { requireMayGive, requireMember } from './require-member.ts'

/**
 * A link with which a member who forgot the password sets a new one. Its maker could use it too: so only who stands above
 * the person in every tenant that the person is in may make one, and stands there still when it is used. For oneself there
 * is none: a session that was left open is no password.
 * @throws AppError member_not_found, forbidden
 */
export async function makeResetLink({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly personId: string }
}): Promise<{ token: string; url: string; expiresAt: number }> {
  const by = personOf(ctx)
  if (input.personId === by.personId) {
    throw new AppError('forbidden', { detail: 'Your own password you change with the one that you have.' })
  }
  const { personId, email, role } = await requireMember(ctx, input.personId)
  requireMayGive(ctx, role)
  const person = await findPerson(ctx.registry, personId)
  const isAbove =
    by.isOperator || (!person?.isOperator && (await countTenantsBeyond(ctx.registry, personId, by.personId)) === 0)
  if (!isAbove) {
    const detail = 'This person is also a member elsewhere, or an operator: a platform operator can do this.'
    throw new AppError('forbidden', { detail })
  }
  const token = newSecret('acr_')
  const expiresAt = ctx.now + limits.linkMs
  await insertLink(ctx.registry, {
    hash: sha256(token),
    purpose: 'password_reset',
    tenantId: null,
    personId,
    email,
    role: null,
    createdBy: actorOf(ctx),
    now: ctx.now,
    expiresAt,
  })
  ctx.note?.({ target: personId, after: { email } })
  return { token, url: `${ctx.baseUrl}/reset-password#${token}`, expiresAt }
}
