import { defaultEscalation, type EscalationSettings } from '../../domain/alarm/escalation.ts'
import { findEscalationSettings, saveEscalationSettings } from '../../store/escalation-settings.ts'
import type { ServiceContext } from '../context.ts'

export async function getEscalation({ ctx }: { readonly ctx: ServiceContext }): Promise<EscalationSettings> {
  return { ...defaultEscalation, ...(await findEscalationSettings(ctx.registry, ctx.tenantId)) }
}

export async function updateEscalation({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly [K in keyof EscalationSettings]?: EscalationSettings[K] | undefined }
}): Promise<EscalationSettings> {
  const before = await getEscalation({ ctx })
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
  const settings: EscalationSettings = { ...before, ...given }
  await saveEscalationSettings(ctx.registry, ctx.tenantId, settings, ctx.now)
  ctx.note?.({ before })
  return settings
}
