import { AppError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { type DeviceAddress, defaultWebhookSettings } from '../../domain/report.ts'
import type { PipelineContext } from '../../pipeline/context.ts'
import { giveAlias } from '../../store/addressed-devices.ts'
import { findInboxRow, type InboxRow, listInboxRows } from '../../store/webhook-inbox.ts'
import type { ServiceContext } from '../context.ts'
import { requireDevice } from '../devices/require-device.ts'
import { updateDevice } from '../devices/update-device.ts'
import { entryNotFound, toCall } from './inbox-view.ts'
import { makeAddressedDevice } from './make-addressed-device.ts'
import { type Replayed, replayEntry, replayInbox } from './replay-inbox.ts'
import { forgetAddresses, resolveDevices } from './resolve-devices.ts'
import { decodeBody, webhookConnector } from './take-webhook.ts'

export interface ApprovalInput {
  /** Of the new device; as the body has them where they are not given. */
  readonly name?: string | undefined
  readonly deviceType?: string | undefined
  readonly profileId?: string | undefined
  /** A device that is there already is the one. */
  readonly deviceId?: string | undefined
}

export interface Approved {
  readonly id: string
  readonly deviceId: string
  readonly name: string
  readonly replayed: Replayed
  /** Further entries of the same device that were replayed with it. */
  readonly alsoReplayed: number
}

/** The unknown device of an entry becomes one of the tenant's, and the entry its readings. */
export async function approveEntry({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: ApprovalInput & { readonly id: string; readonly pipeline: PipelineContext }
}): Promise<Approved> {
  const row = await findInboxRow(ctx.registry, ctx.tenantId, input.id)
  if (!row) throw entryNotFound()
  const address = await unknownOf(ctx, row)
  const device = await deviceFor(ctx, address, input)
  const replayed = await replayEntry({ ctx, input: { id: row.id, pipeline: input.pipeline } })
  return { id: row.id, ...device, replayed, alsoReplayed: await replayOthers(ctx, address, input.pipeline) }
}

async function replayOthers(
  ctx: ServiceContext,
  { devEui, alias }: DeviceAddress,
  pipeline: PipelineContext,
): Promise<number> {
  const named = devEui === undefined ? { alias } : { devEui }
  const filter = { ...named, reason: 'unknown_device' }
  return (await replayInbox({ ctx, input: { filter, pipeline } })).items.filter(({ isDone }) => isDone).length
}

/** Those of the entries, or of all that wait. One that fails holds up no other. */
export async function approveDevices({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly ids?: readonly string[] | undefined; readonly pipeline: PipelineContext }
}) {
  const ids = input.ids ?? (await waitingIds(ctx))
  const items: Approved[] = []
  const failed: { id: string; code: string; detail: string }[] = []
  for (const id of ids.slice(0, limits.inboxBulk)) {
    try {
      items.push(await approveEntry({ ctx, input: { id, pipeline: input.pipeline } }))
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'unavailable') throw error
      failed.push({ id, code: error.code, detail: error.detail })
    }
  }
  return { items, failed, isMore: ids.length > limits.inboxBulk }
}

async function waitingIds(ctx: ServiceContext): Promise<string[]> {
  const rows = await listInboxRows(ctx.registry, ctx.tenantId, { reason: 'unknown_device' }, limits.inboxBulk + 1)
  return rows.map(({ id }) => id)
}

/** Of several the first that is still unknown. @throws AppError conflict: it is no entry of a device that is unknown and has a name */
async function unknownOf(ctx: ServiceContext, row: InboxRow): Promise<DeviceAddress> {
  const connector = webhookConnector(row.connector)
  const call = toCall(row)
  if (row.reason !== 'unknown_device') {
    throw new AppError('conflict', { detail: 'The entry is not one of an unknown device.' })
  }
  const meta = { ...call.request, receivedAt: call.receivedAt, digest: '', settings: defaultWebhookSettings }
  const reports = connector.read(decodeBody(connector, call), meta)
  const named = reports.flatMap(({ address }) => ((address.devEui ?? address.alias) === undefined ? [] : address))
  const known = await resolveDevices(ctx, ctx.tenantId, named, ctx.now)
  const address = named.find((_, i) => known[i] === undefined) ?? named[0]
  if (!address) throw new AppError('conflict', { detail: 'The entry does not say which device it is of.' })
  return address
}

async function deviceFor(ctx: ServiceContext, address: DeviceAddress, input: ApprovalInput) {
  if (input.deviceId !== undefined) return adoptInto(ctx, address, input.deviceId)
  const [known] = await resolveDevices(ctx, ctx.tenantId, [address], ctx.now)
  if (known) {
    const { id, name } = await requireDevice(ctx, known.device.deviceId)
    return { deviceId: id, name }
  }
  const { deviceId, name } = await makeAddressedDevice({ ctx, input: { ...input, address } })
  return { deviceId, name }
}

/** A device of the tenant's gets the name that the server has for it. */
async function adoptInto(ctx: ServiceContext, { devEui, alias }: DeviceAddress, id: string) {
  const device = await requireDevice(ctx, id)
  if (devEui !== undefined) {
    const input = { id: device.id, integration: { lorawan: { dev_eui: devEui } } }
    await updateDevice({ ctx, input })
  } else if (alias !== undefined) await giveAlias(ctx.registry, ctx.tenantId, alias, device.id)
  forgetAddresses()
  return { deviceId: device.id, name: device.name }
}
