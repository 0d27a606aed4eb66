import { AppError } from '../../domain/errors.ts'
import { newTenantId, parseTenantId, type TenantId } from '../../domain/ids.ts'
import {
  findTenantUsage,
  insertEmptyTenant,
  pageTenants,
  type TenantUsage,
  updateTenantRow,
} from '../../store/platform.ts'
import { planExists } from '../../store/tenants.ts'
import type { ServiceContext } from '../context.ts'
import { makeInvitation, type NewInvitation } from '../people/invite.ts'
import { forgetTenantAccess } from '../webhooks/tenant-access.ts'

/** @throws AppError tenant_not_found */
export async function requireTenant(ctx: ServiceContext, id: string): Promise<TenantUsage & { id: TenantId }> {
  const tenantId = parseTenantId(id)
  const tenant = tenantId && (await findTenantUsage(ctx.registry, tenantId, ctx.now))
  if (!tenant) throw new AppError('tenant_not_found', { detail: 'There is no such tenant.' })
  return { ...tenant, id: tenantId }
}

export async function listTenants({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly search?: string | undefined; readonly after?: string | undefined; readonly limit: number }
}): Promise<{ items: TenantUsage[]; nextAfter: string | null }> {
  const { search, after, limit } = input
  const rows = await pageTenants(ctx.registry, ctx.now, search, after, limit + 1)
  const items = rows.slice(0, limit)
  return { items, nextAfter: rows.length > limit ? (items.at(-1)?.tenantId ?? null) : null }
}

/** A tenant without a key: its owner comes in by the invitation. @throws AppError validation_rejected */
export async function createTenantFor({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly name: string; readonly plan: string; readonly ownerEmail: string }
}): Promise<{ tenantId: TenantId; invitation: NewInvitation }> {
  await requirePlan(ctx, input.plan)
  const id = newTenantId()
  await insertEmptyTenant(ctx.registry, { id, name: input.name, planId: input.plan }, ctx.now)
  const invitation = await makeInvitation(ctx, id, { email: input.ownerEmail, role: 'owner' })
  ctx.note?.({ tenantId: id, target: id, after: input })
  return { tenantId: id, invitation }
}

/**
 * A suspended tenant's keys and people are refused at once, its devices within half a minute, and those with an open socket
 * when their rights are looked up next.
 * @throws AppError tenant_not_found, validation_rejected
 */
export async function changeTenant({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: {
    readonly id: string
    readonly name?: string | undefined
    readonly plan?: string | undefined
    readonly isSuspended?: boolean | undefined
  }
}): Promise<TenantUsage> {
  const before = await requireTenant(ctx, input.id)
  const { name, plan, isSuspended } = input
  if (plan !== undefined) await requirePlan(ctx, plan)
  const suspendedAt = isSuspended === undefined ? undefined : isSuspended ? (before.suspendedAt ?? ctx.now) : null
  await updateTenantRow(ctx.registry, before.id, { name, planId: plan, suspendedAt }, ctx.now)
  forgetTenantAccess()
  const { id: _, ...after } = await requireTenant(ctx, before.id)
  const shown = ({ name, plan, suspendedAt }: TenantUsage) => ({ name, plan, suspendedAt })
  ctx.note?.({ tenantId: before.id, target: before.id, before: shown(before), after: shown(after) })
  return after
}

async function requirePlan(ctx: ServiceContext, plan: string): Promise<void> {
  if (await planExists(ctx.registry, plan)) return
  throw new AppError('validation_rejected', { reason: 'field_invalid', detail: 'There is no such plan.' })
}
