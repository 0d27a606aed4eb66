import { readQueueId, toChirpstackDownlink } from '../../connectors/chirpstack/downlink.ts'
import { toTtnDownlink } from '../../connectors/ttn/downlink.ts'
import type { Command, CommandFailure } from '../../domain/command.ts'
import { withDeadline } from '../../domain/deadline.ts'
import { type DownlinkOrder, readOrder } from '../../domain/downlink.ts'
import { AppError } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { NetworkRoute } from '../../domain/network-route.ts'
import { readTarget } from '../../domain/outgoing-target.ts'
import { log } from '../../log.ts'
import { findTenant } from '../../store/tenants.ts'
import type { World } from '../context.ts'
import { type CalledOut, callOut, type OutgoingCall } from './call-out.ts'
import { type DownlinkSettings, readDownlinkSettings } from './downlink-settings.ts'
import { canSeal, keyOwner, sealingSecretMissing, unseal } from './seal.ts'

export type DownlinkContext = Pick<World, 'registry' | 'sealingSecret' | 'allowsLoopback'>

/** What a network server made of a command. */
export type Handed =
  /** It waits there; `mark`: by which the server's later words of it are known. */
  | { readonly kind: 'taken'; readonly mark: string; readonly isConfirmed: boolean; readonly replaces: boolean }
  /** For good. */
  | { readonly kind: 'refused'; readonly code: CommandFailure; readonly detail: string }
  /** `isDoubtful`: it may have been taken all the same. */
  | { readonly kind: 'later'; readonly detail: string; readonly retryMs: number; readonly isDoubtful: boolean }

interface Request extends OutgoingCall {
  readonly markOf: (answer: string) => string
}

/** Gives a command to the network server that leads to the device. */
export async function handToNetwork({
  ctx,
  input,
}: {
  readonly ctx: DownlinkContext
  readonly input: { readonly tenantId: TenantId; readonly route: NetworkRoute; readonly command: Command }
}): Promise<Handed> {
  const { route, command } = input
  let order: DownlinkOrder
  let request: Request
  try {
    order = readOrder(command)
    request = await toRequest(ctx, input, order)
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', code: error.code, detail: error.message }
    if (error instanceof AppError) return { kind: 'refused', code: 'downlink_invalid', detail: error.detail }
    log('warn', 'downlink_waits', { server: route.server, error })
    return later('The settings of the tenant cannot be read now.', limits.networkRetryMs, false)
  }
  try {
    return toHanded(await callOut(request), request, order)
  } catch (error) {
    log('warn', 'network_server_silent', { server: route.server, host: request.url.host, error })
    return later('The network server does not answer.', limits.networkRetryMs, true)
  }
}

function later(detail: string, retryMs: number, isDoubtful: boolean): Handed {
  return { kind: 'later', detail, retryMs, isDoubtful }
}

/** Why nothing is asked at all. */
class Refusal extends Error {
  readonly code: CommandFailure
  constructor(code: CommandFailure, detail: string) {
    super(detail)
    this.code = code
  }
}

async function toRequest(
  ctx: DownlinkContext,
  { tenantId, route }: { readonly tenantId: TenantId; readonly route: NetworkRoute },
  order: DownlinkOrder,
): Promise<Request> {
  const tenant = await withDeadline(findTenant(ctx.registry, tenantId), limits.d1TimeoutMs)
  const settings = readDownlinkSettings(tenant?.settings ?? '{}')
  return route.server === 'ttn'
    ? toTtnRequest(ctx, tenantId, route, settings, order)
    : toChirpstackRequest(ctx, tenantId, route, settings, order)
}

async function toTtnRequest(
  ctx: DownlinkContext,
  tenantId: TenantId,
  { target }: Extract<NetworkRoute, { server: 'ttn' }>,
  { hosts }: DownlinkSettings,
  order: DownlinkOrder,
): Promise<Request> {
  if (!target) {
    const detail = 'The webhook in The Things Stack has no downlink API key: set one there, then wait for an uplink.'
    throw new Refusal('downlink_not_set_up', detail)
  }
  const url = urlOf(ctx, order.replaces ? target.replace : target.push)
  if (!hosts.includes(url.host)) {
    throw new Refusal('downlink_host_refused', `The host ${url.host} is not one of the tenant's downlinkHosts.`)
  }
  const key = await open(ctx, tenantId, target.key, 'it is captured anew with the next uplink')
  const headers = { authorization: `Bearer ${key}` }
  return { url, headers, body: JSON.stringify(toTtnDownlink(order)), markOf: () => order.id }
}

async function toChirpstackRequest(
  ctx: DownlinkContext,
  tenantId: TenantId,
  { devEui }: Extract<NetworkRoute, { server: 'chirpstack' }>,
  { chirpstack }: DownlinkSettings,
  order: DownlinkOrder,
): Promise<Request> {
  if (!chirpstack) {
    const detail = 'No REST API of ChirpStack is set: PUT /api/tenant/integrations/chirpstack.'
    throw new Refusal('downlink_not_set_up', detail)
  }
  const { path, body } = toChirpstackDownlink(devEui, order)
  const url = urlOf(ctx, chirpstack.apiUrl.replace(/\/+$/, '') + path)
  const key = await open(ctx, tenantId, chirpstack.key, 'set it anew')
  // chirpstack-rest-api forwards either; its own documentation names the first.
  const headers = { 'grpc-metadata-authorization': `Bearer ${key}`, authorization: `Bearer ${key}` }
  return { url, headers, body: JSON.stringify(body), markOf: (answer) => readQueueId(answer) ?? order.id }
}

function urlOf({ allowsLoopback = false }: DownlinkContext, text: string): URL {
  const target = readTarget(text, allowsLoopback)
  if ('url' in target) return target.url
  throw new Refusal('downlink_host_refused', `The address of the network server is not one to call. ${target.refusal}`)
}

async function open(
  { sealingSecret }: DownlinkContext,
  tenantId: TenantId,
  sealed: string | null,
  remedy: string,
): Promise<string> {
  if (!canSeal(sealingSecret)) throw new Refusal('downlink_not_set_up', sealingSecretMissing().detail)
  const key = sealed === null ? undefined : await unseal(sealingSecret, keyOwner(tenantId), sealed)
  if (key !== undefined) return key
  throw new Refusal('downlink_not_set_up', `The key of the network server cannot be opened: ${remedy}.`)
}

/** What it says of itself stays with it: a stranger's words are no part of our answers. */
function toHanded({ status, text, retryAfterMs }: CalledOut, request: Request, order: DownlinkOrder): Handed {
  if (status >= 200 && status < 300) {
    return { kind: 'taken', mark: request.markOf(text), isConfirmed: order.isConfirmed, replaces: order.replaces }
  }
  const detail = `The network server answered ${status}${meanings[status] ?? ''}.`
  if (!passing.includes(status)) return { kind: 'refused', code: 'downlink_refused', detail }
  return later(detail, Math.min(retryAfterMs ?? limits.networkRetryMs, limits.networkRetryMaxMs), false)
}

const passing = [408, 429, 502, 503, 504]

const meanings: Readonly<Record<number, string>> = {
  301: ': redirects are not followed',
  302: ': redirects are not followed',
  307: ': redirects are not followed',
  308: ': redirects are not followed',
  400: ': it does not take the downlink. Has the device an encoder there, or a session?',
  401: ': it does not know the key',
  403: ': the key may not send downlinks',
  404: ': it does not know the device',
  406: ': the webhook is paused',
  429: ': too many downlinks',
  500: ': it failed, perhaps in its encoder',
}
