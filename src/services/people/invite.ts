import { AppError } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { Role } from '../../domain/roles.ts'
import { insertLink, listOpenInvitations } from '../../store/links.ts'
import { listMemberRows } from '../../store/memberships.ts'
import type { ServiceContext } from '../context.ts'
import { newSecret, sha256 } from '../secrets.ts'
import { actorOf } from '../webhooks/actor.ts'
import { requireMayGive } from './require-member.ts'

export interface NewInvitation {
  readonly id: string
  readonly email: string
  readonly role: Role
  readonly expiresAt: number
  /** Shown this once, to be handed over by whatever way there is: no mail server is needed. */
  readonly token: string
  readonly url: string
}

/** An earlier link for the same e-mail is over. @throws AppError forbidden, conflict (already_member, plan_limit) */
export async function invite({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly email: string; readonly role: Role }
}): Promise<NewInvitation> {
  requireMayGive(ctx, input.role)
  const [members, open] = await Promise.all([
    listMemberRows(ctx.registry, ctx.tenantId),
    listOpenInvitations(ctx.registry, ctx.tenantId, ctx.now),
  ])
  if (members.some(({ email }) => email === input.email)) {
    throw new AppError('conflict', { reason: 'already_member', detail: 'This person is a member already.' })
  }
  if (open.length >= limits.linksPerTenant) {
    throw new AppError('conflict', { reason: 'plan_limit', detail: 'Withdraw invitations that nobody takes first.' })
  }
  return makeInvitation(ctx, ctx.tenantId, input)
}

export async function makeInvitation(
  ctx: ServiceContext,
  tenantId: TenantId,
  { email, role }: { readonly email: string; readonly role: Role },
): Promise<NewInvitation> {
  const token = newSecret('aci_')
  const id = sha256(token)
  const expiresAt = ctx.now + limits.linkMs
  const createdBy = actorOf(ctx)
  const link = { hash: id, purpose: 'invitation', tenantId, personId: null, email, role, createdBy } as const
  await insertLink(ctx.registry, { ...link, now: ctx.now, expiresAt })
  ctx.note?.({ target: email, after: { email, role } })
  // After the #, which no server and no log sees.
  return { id, email, role, expiresAt, token, url: `${ctx.baseUrl}/invitation#${token}` }
}
