import { AppError } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/ids.ts'
import type { DeviceAddress, WebhookSettings } from '../../domain/report.ts'
import type { AddressedDevice } from '../../domain/webhook.ts'
import type { WebhookPipeline } from '../../pipeline/receive-webhook.ts'
import type { ServiceContext } from '../context.ts'
import type { WebhookContext } from './context.ts'
import { makeAddressedDevice } from './make-addressed-device.ts'
import { resolveDevices } from './resolve-devices.ts'

/** The road, with the tenant's own devices and its word on strangers. */
export function webhookPipeline(ctx: WebhookContext, tenantId: TenantId, settings: WebhookSettings): WebhookPipeline {
  const find = (addresses: readonly DeviceAddress[]) => resolveDevices(ctx.world, tenantId, addresses, ctx.now)
  return {
    ...ctx.pipeline,
    findDevices: find,
    async adopt(address) {
      if (settings.unknownDevices !== 'create' || (address.devEui ?? address.alias) === undefined) return undefined
      return adopt(serviceContext(ctx, tenantId), address, find)
    },
  }
}

/** Two calls that make the same device side by side find one. */
async function adopt(
  ctx: ServiceContext,
  address: DeviceAddress,
  find: (addresses: readonly DeviceAddress[]) => Promise<(AddressedDevice | undefined)[]>,
): Promise<AddressedDevice | undefined> {
  try {
    await makeAddressedDevice({ ctx, input: { address } })
  } catch (error) {
    // The plan is full, or another call was first: the look-up tells.
    if (!(error instanceof AppError) || error.code !== 'conflict') throw error
  }
  return (await find([address]))[0]
}

export function serviceContext({ world, now, background }: WebhookContext, tenantId: TenantId): ServiceContext {
  return { ...world, principal: { kind: 'webhook', tenantId }, tenantId, now, baseUrl: '', background }
}
