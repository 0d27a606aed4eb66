import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { log } from '../log.ts'

interface Count {
  messages: number
  blockedUntil: number
}

/** What this isolate counted of each key since it last asked the binding. */
const counts = new Map<string, Count>()

/**
 * Counts one message. The binding (approximate, per Cloudflare location, windows of a minute) is asked once in
 * `messagesPerRateUnit` messages; a refusal holds in this isolate until the window is over.
 * @throws AppError quota_exceeded
 */
export async function countMessage(rate: RateLimit, id: string, limit: string): Promise<void> {
  const key = `${limit}:${id}`
  const now = Date.now()
  const count = countOf(key)
  if (count.blockedUntil > now) throw refusal(limit, count.blockedUntil - now)
  if (++count.messages < limits.messagesPerRateUnit) return
  count.messages = 0
  if (await allows(rate, key)) return
  count.blockedUntil = windowEnd(now)
  throw refusal(limit, count.blockedUntil - now)
}

/** Unknown tokens of one address, each counted. @throws AppError quota_exceeded */
export async function countUnknownToken(rate: RateLimit, address: string): Promise<void> {
  const now = Date.now()
  if (!(await allows(rate, address))) throw refusal('unknown_tokens_per_minute', windowEnd(now) - now)
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
