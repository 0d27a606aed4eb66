import { listDeviceTypes } from '../../store/devices.ts'
import type { ServiceContext } from '../context.ts'

export async function listTypes({ ctx }: { readonly ctx: ServiceContext }): Promise<string[]> {
  return listDeviceTypes(ctx.registry, ctx.tenantId)
}
