import { AppError } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { Quota } from '../../domain/principal.ts'

const MINUTE = 60_000
const DAY = 86_400_000

export interface UsageReport {
  readonly tenantId: TenantId
  readonly window: string
  readonly readings: number
  readonly expiresAt: number
}

/** Adds the counts to the tenants' rows and returns the totals over all lanes. */
export type ReportUsage = (reports: readonly UsageReport[]) => Promise<readonly number[]>

interface Count {
  readonly tenantId: TenantId
  /** Counted here and not reported yet. */
  fresh: number
  /** All lanes together, as of the last report. */
  total: number
  readonly expiresAt: number
}

interface Charge {
  readonly name: string
  readonly limit: number
  readonly readings: number
  readonly count: Count
}

/**
 * Counts the readings of tenants whose plan is limited. Each lane counts its own and every 15 s adds them to
 * the tenant's row and reads the total, so that all lanes together enforce one quota within a minute.
 * Tenants without a limit cost nothing.
 */
export class UsageCounter {
  readonly #counts = new Map<string, Count>()
  readonly #report: ReportUsage
  #reportedAt = 0
  #reporting = false

  constructor(report: ReportUsage) {
    this.#report = report
  }

  /** @throws AppError quota_exceeded, naming the limit; then nothing was counted. */
  admit(tenantId: TenantId, quota: Quota, live: number, backlog: number, now: number): void {
    const charges = this.#charges(tenantId, quota, live, backlog, now)
    for (const { name, limit, count, readings } of charges) {
      const used = count.total + count.fresh
      if (used + readings <= limit) continue
      const retryAfter = Math.max(1, Math.ceil((count.expiresAt - now) / 1000))
      throw new AppError('quota_exceeded', {
        detail: `The plan allows ${limit} readings (${name}).`,
        limit: { limit: name, remaining: Math.max(0, limit - used), retryAfter },
      })
    }
    for (const { count, readings } of charges) count.fresh += readings
  }

  /** Takes back what was admitted and not stored. */
  refund(tenantId: TenantId, quota: Quota, live: number, backlog: number, now: number): void {
    for (const { count, readings } of this.#charges(tenantId, quota, live, backlog, now)) count.fresh -= readings
  }

  #charges(tenantId: TenantId, quota: Quota, live: number, backlog: number, now: number): Charge[] {
    const windows = [
      { name: 'telemetry_per_minute', limit: quota.perMinute, length: MINUTE },
      { name: 'telemetry_per_day', limit: quota.perDay, length: DAY },
    ]
    return windows.flatMap(({ name: base, limit, length }) =>
      limit === undefined
        ? []
        : [
            { name: base, readings: live },
            { name: `${base}_backlog`, readings: backlog },
          ]
            .filter(({ readings }) => readings > 0)
            .map(({ name, readings }) => ({
              name,
              limit,
              readings,
              count: this.#countOf(tenantId, name, length, now),
            })),
    )
  }

  /** Shares what was counted since the last report, if it is time. Never throws: a count may be late, not wrong. */
  async share(now: number): Promise<void> {
    if (this.#reporting || now - this.#reportedAt < limits.usageReportMs) return
    this.#reporting = true
    this.#reportedAt = now
    const due = [...this.#counts].filter(([, count]) => count.fresh !== 0)
    const sent = due.map(([, count]) => count.fresh)
    for (const [, count] of due) {
      count.total += count.fresh
      count.fresh = 0
    }
    try {
      const totals = await this.#report(
        due.map(([key, { tenantId, expiresAt }], i) => ({
          tenantId,
          window: key.slice(tenantId.length + 1),
          readings: sent[i] as number,
          expiresAt,
        })),
      )
      for (const [i, [, count]] of due.entries()) count.total = totals[i] ?? count.total
    } catch {
      for (const [i, [, count]] of due.entries()) {
        count.total -= sent[i] as number
        count.fresh += sent[i] as number
      }
    }
    for (const [key, count] of this.#counts) if (count.expiresAt <= now && count.fresh === 0) this.#counts.delete(key)
    this.#reporting = false
  }

  #countOf(tenantId: TenantId, name: string, length: number, now: number): Count {
    const start = now - (now % length)
    const key = `${tenantId}:${name}:${start}`
    let count = this.#counts.get(key)
    if (!count) {
      count = { tenantId, fresh: 0, total: 0, expiresAt: start + length }
      this.#counts.set(key, count)
    }
    return count
  }
}
