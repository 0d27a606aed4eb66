import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import { log } from '../log.ts'

interface Count {
  messages: number
  blockedUntil: number
}

/** What this isolate counted of each key since it last asked the binding. */
const counts = new Map<string, Count>()

/**
 * Counts messages. The binding (approximate, per Cloudflare location, windows of a minute) is asked once in
 * `messagesPerRateUnit` messages; a refusal holds in this isolate until the window is over.
 * @throws AppError quota_exceeded
 */
export async function countMessage(rate: RateLimit, id: string, limit: string, messages = 1): Promise<void> {
  const key = `${limit}:${id}`
  const now = Date.now()
  const count = countOf(key)
  if (count.blockedUntil > now) throw refusal(limit, count.blockedUntil - now)
  count.messages += messages
  while (count.messages >= limits.messagesPerRateUnit) {
    count.messages -= limits.messagesPerRateUnit
    if (await allows(rate, key)) continue
    count.blockedUntil = windowEnd(now)
    throw refusal(limit, count.blockedUntil - now)
  }
}

/**
 * Messages of a speaker, and of each child that it speaks for. A backlog has its own allowance.
 * @throws AppError quota_exceeded
 */
export async function countUplink(
  rates: { readonly DEVICE_RATE: RateLimit; readonly GATEWAY_RATE: RateLimit },
  speaker: DeviceIdentity,
  children: readonly DeviceIdentity[],
  backlog: boolean,
  messages = 1,
): Promise<void> {
  const kind = backlog ? 'backlog' : 'messages'
  const own = speaker.isGateway
    ? countMessage(rates.GATEWAY_RATE, speaker.deviceId, `gateway_${kind}_per_minute`, messages)
    : countMessage(rates.DEVICE_RATE, speaker.deviceId, `device_${kind}_per_minute`, messages)
  const others = children.map(({ deviceId }) =>
    countMessage(rates.DEVICE_RATE, deviceId, `device_${kind}_per_minute`, messages),
  )
  await Promise.all([own, ...others])
}

/** Unknown tokens of one address, each counted. @throws AppError quota_exceeded */
export async function countUnknownToken(rate: RateLimit, address: string): Promise<void> {
  const now = Date.now()
  if (!(await allows(rate, address))) throw refusal('unknown_tokens_per_minute', windowEnd(now) - now)
}

/** Devices that enrol with one key. @throws AppError quota_exceeded */
export async function countProvisioning(rate: RateLimit, profileId: string): Promise<void> {
  const now = Date.now()
  if (!(await allows(rate, profileId))) throw refusal('provisioned_devices_per_minute', windowEnd(now) - now)
}

/** A limiter that fails holds nobody back: it guards the service, it is not the service. */
async function allows(rate: RateLimit, key: string): Promise<boolean> {
  try {
    return (await rate.limit({ key })).success
  } catch (error) {
    log('warn', 'rate_limit_unavailable', { error })
    return true
  }
}

function countOf(key: string): Count {
  let count = counts.get(key)
  if (count) return count
  count = { messages: 0, blockedUntil: 0 }
  counts.set(key, count)
  if (counts.size > limits.rateGateEntries) {
    const [oldest] = counts.keys()
    if (oldest !== undefined) counts.delete(oldest)
  }
  return count
}

function windowEnd(now: number): number {
  return now - (now % 60_000) + 60_000
}

function refusal(limit: string, waitMs: number): AppError {
  const retryAfter = Math.max(1, Math.ceil(waitMs / 1000))
  return new AppError('quota_exceeded', {
    detail: `Too many messages (${limit}); send again after ${retryAfter} s.`,
    limit: { limit, remaining: 0, retryAfter },
  })
}
