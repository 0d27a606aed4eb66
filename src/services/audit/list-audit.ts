import { pageAudit } from '../../store/audit-log.ts'
import type { ServiceContext } from '../context.ts'

export interface ListAuditInput {
  readonly action?: string | undefined
  readonly actor?: string | undefined
  readonly target?: string | undefined
  /** Where the last page ended. */
  readonly before?: string | undefined
  readonly limit: number
}

export interface AuditView {
  readonly id: string
  readonly at: number
  readonly actor: string
  /** The e-mail of a person, the name of a key, where they are there still. */
  readonly actorName: string | null
  readonly address: string | null
  readonly action: string
  readonly target: string | null
  readonly before: unknown
  readonly after: unknown
}

/** Newest first. */
export async function listAudit({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: ListAuditInput
}): Promise<{ items: AuditView[]; nextBefore: string | null }> {
  const [at, id] = input.before?.split('_') ?? []
  const place = at !== undefined && id !== undefined ? { at: Number(at), id } : undefined
  const rows = await pageAudit(ctx.registry, ctx.tenantId, { ...input, place }, input.limit + 1)
  const items = rows.slice(0, input.limit).map(({ before, after, ...row }) => ({
    ...row,
    before: before === null ? null : (JSON.parse(before) as unknown),
    after: after === null ? null : (JSON.parse(after) as unknown),
  }))
  const last = rows.length > input.limit ? items.at(-1) : undefined
  return { items, nextBefore: last ? `${last.at}_${last.id}` : null }
}
