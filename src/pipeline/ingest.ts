import { AppError, type Fault, fromFault, isPassing } from '../domain/errors.ts'
import { fnv1a } from '../domain/fnv1a.ts'
import type { DeviceId } from '../domain/ids.ts'
import type { NetworkRoute } from '../domain/network-route.ts'
import { type DeviceIdentity, shardAt } from '../domain/principal.ts'
import type { Frame } from '../domain/report.ts'
import type { AuthorisedUplink, RejectedUplink } from '../domain/uplink.ts'
import type { AppendGroup, AppendResult, AppendRow, Platform, TelemetryLane } from '../services/ports.ts'

export interface IngestMeta {
  readonly receivedAt: number
  readonly idempotencyKey?: string
  /** The arrival time of what was kept before it came here. */
  readonly arrivedAt?: number
  /** Of the speaker's uplinks, where a network server counts them. */
  readonly frames?: readonly Frame[]
  readonly route?: NetworkRoute
}

export interface Accepted {
  readonly index: number
  readonly ts: number
}

export interface Ingested {
  readonly accepted: readonly Accepted[]
  readonly rejected: readonly RejectedUplink[]
}

/** The uplinks of one device that go to one shard, and what the lane said of them. */
interface Portion {
  readonly device: DeviceIdentity
  readonly shard: number
  readonly uplinks: readonly AuthorisedUplink[]
  readonly json: readonly string[]
}

/**
 * Commit, observe, then the caller may acknowledge. One append a lane, one observe a device, side by side.
 * A reading is accepted when its row is committed and its device's object has seen it.
 */
export async function ingest(
  platform: Platform,
  speaker: DeviceIdentity,
  uplinks: readonly AuthorisedUplink[],
  meta: IngestMeta,
): Promise<Ingested> {
  const accepted: Accepted[] = []
  const rejected: RejectedUplink[] = []
  const lanes = byLane(platform, toPortions(uplinks, meta.receivedAt))

  await Promise.all(
    [...lanes.values()].map(async ({ lane, portions }) => {
      const results = await append(lane, portions, meta)
      await Promise.all(
        portions.map(async (portion, i) => {
          const result = results[i] ?? portion.uplinks.map(() => lost)
          const outcome = await observe(platform, portion, result, meta)
          accepted.push(...outcome.accepted)
          rejected.push(...outcome.rejected)
        }),
      )
    }),
  )
  await seeGateway(platform, speaker, uplinks, accepted, meta)
  accepted.sort((a, b) => a.index - b.index)
  rejected.sort((a, b) => a.index - b.index)
  return { accepted, rejected }
}

/** A gateway that only speaks for its children was heard of all the same. */
async function seeGateway(
  platform: Platform,
  speaker: DeviceIdentity,
  uplinks: readonly AuthorisedUplink[],
  accepted: readonly Accepted[],
  { receivedAt }: IngestMeta,
): Promise<void> {
  if (accepted.length === 0 || uplinks.some(({ device }) => device.deviceId === speaker.deviceId)) return
  try {
    await platform.device(speaker.deviceId).observe({ device: speaker, receivedAt })
  } catch (cause) {
    throw new AppError('unavailable', { ...lost, cause })
  }
}

const lost: Fault = {
  code: 'unavailable',
  detail: 'The reading could not be stored now; send it again.',
  retryAfter: 2,
}

function toPortions(uplinks: readonly AuthorisedUplink[], receivedAt: number): Portion[] {
  const portions = new Map<
    string,
    {
      device: DeviceIdentity
      shard: number
      uplinks: AuthorisedUplink[]
      json: string[]
    }
  >()
  for (const uplink of uplinks) {
    const shard = shardAt(uplink.device.shards, uplink.ts ?? receivedAt)
    const key = `${shard}:${uplink.device.deviceId}`
    let portion = portions.get(key)
    if (!portion) {
      portion = { device: uplink.device, shard, uplinks: [], json: [] }
      portions.set(key, portion)
    }
    portion.uplinks.push(uplink)
    portion.json.push(JSON.stringify(uplink.values))
  }
  return [...portions.values()]
}

function byLane(platform: Platform, portions: readonly Portion[]) {
  const lanes = new Map<string, { lane: TelemetryLane; portions: Portion[] }>()
  for (const portion of portions) {
    const { name, lane } = platform.lane(portion.shard, portion.device.deviceId as DeviceId)
    const entry = lanes.get(name)
    if (entry) entry.portions.push(portion)
    else lanes.set(name, { lane, portions: [portion] })
  }
  return lanes
}

async function append(
  lane: TelemetryLane,
  portions: readonly Portion[],
  meta: IngestMeta,
): Promise<readonly AppendResult[]> {
  const groups = portions.map(
    ({ device, uplinks, json }): AppendGroup => ({
      tenantId: device.tenantId,
      deviceId: device.deviceId,
      ...(device.quota && { quota: device.quota }),
      ...(meta.idempotencyKey !== undefined && {
        idempotencyKey: meta.idempotencyKey,
      }),
      rows: uplinks.map((uplink, i) => toRow(uplink, json[i] as string, meta.arrivedAt && meta.arrivedAt + i)),
    }),
  )
  try {
    return await lane.append(groups)
  } catch {
    return [] // the lane's object is out of reach: every portion is lost for now
  }
}

function toRow({ ts, mark, isFirst }: AuthorisedUplink, json: string, arrivedAt: number | undefined): AppendRow {
  if (ts !== undefined) return { ts, json }
  return {
    json,
    ...(arrivedAt !== undefined && { arrivedAt }),
    ...(mark !== undefined && { mark: withDigest(mark, json), ...(isFirst && { isFirst }) }),
  }
}

/**
 * Senders that count from one again after a restart give one mark to two messages: only a mark with the same
 * values is a repeat.
 */
function withDigest(mark: string, json: string): string {
  return `${mark}:${fnv1a(json).toString(36)}`
}

async function observe(
  platform: Platform,
  portion: Portion,
  result: AppendResult,
  meta: IngestMeta,
): Promise<Ingested> {
  const accepted: Accepted[] = []
  const rejected: RejectedUplink[] = []
  const times: number[] = []
  const seen: string[] = []
  for (const [i, uplink] of portion.uplinks.entries()) {
    const stored = result[i] ?? lost
    if (typeof stored === 'number') {
      accepted.push({ index: uplink.index, ts: stored })
      times.push(stored)
      seen.push(portion.json[i] as string)
    } else
      rejected.push({
        index: uplink.index,
        fault: stored,
        raw: portion.json[i] as string,
      })
  }
  if (times.length === 0) return { accepted, rejected }
  try {
    const { device } = portion
    const readings = { times, json: `[${seen.join(',')}]` }
    const { receivedAt, frames, route } = meta
    const of = { ...(frames && { frames }), ...(route && { route }) }
    await platform.device(device.deviceId).observe({ device, receivedAt, readings, ...of })
    return { accepted, rejected }
  } catch {
    const unseen = accepted.map(({ index }) => ({ index, fault: lost }))
    return { accepted: [], rejected: [...rejected, ...unseen] }
  }
}

/**
 * What the whole message answers when it cannot be acknowledged: a passing fault of any item (its sender must
 * send again), or every item's lasting one.
 */
export function wholeFault({ accepted, rejected }: Ingested): AppError | undefined {
  // Over a quota, the items that were taken are answered as such: their sender must not send them again.
  const passing = rejected.find(
    ({ fault }) => isPassing(fault.code) && (fault.code !== 'quota_exceeded' || accepted.length === 0),
  )
  if (passing) return fromFault(passing.fault)
  const first = rejected[0]
  return accepted.length === 0 && first ? fromFault(first.fault) : undefined
}
