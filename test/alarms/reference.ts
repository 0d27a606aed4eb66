import type { AlarmRule, Operator } from '../../src/domain/alarm/rule.ts'

/** Whole seconds everywhere. `ts` is the device's time, `wall` the arrival. */
export interface Arrival {
  readonly wall: number
  readonly ts: number
  readonly value: number
}

export interface Happening {
  readonly kind: string
  readonly at: number
  readonly severity: string
}

const ranks = ['WARNING', 'MINOR', 'MAJOR', 'CRITICAL']

function isTrue(operator: Operator, value: number, threshold: number): boolean {
  if (operator === '>') return value > threshold
  if (operator === '<') return value < threshold
  if (operator === '>=') return value >= threshold
  if (operator === '<=') return value <= threshold
  return operator === '==' ? value === threshold : value !== threshold
}

/** Stays true until the value is `slack` beyond the threshold. */
function staysTrue(operator: Operator, value: number, threshold: number, slack: number): boolean {
  if (slack === 0) return isTrue(operator, value, threshold)
  if (operator.startsWith('>')) return value > threshold - slack
  return operator.startsWith('<') ? value < threshold + slack : isTrue(operator, value, threshold)
}

/**
 * What a rule does, second by second and without a thought for cost: the device's clock walks on from its newest
 * sample as the wall's does, and at each second every condition is looked at.
 */
export function referenceHistory(
  rule: AlarmRule,
  arrivals: readonly Arrival[],
  end: number,
  lead: number,
): Happening[] {
  const isSilence = rule.triggerMode === 'NO_UPDATE'
  const silence = rule.policies.noUpdateSec ?? 0
  const history: Happening[] = []
  const trueSince: (number | undefined)[] = rule.severityStages.map(() =>
    isSilence && !rule.policies.requireFirstSample ? silence : undefined,
  )
  let newest = { at: -1, ts: -1, wall: -1 }
  let clearable: number | undefined
  let open: number | undefined
  let notBefore = 0
  let changed = 0

  function happen(kind: string, second: number, stage: number) {
    changed = Math.max(second, changed)
    history.push({ kind, at: changed, severity: rule.severityStages[stage]?.severity ?? '' })
  }
  const rank = (stage: number | undefined) => ranks.indexOf(rule.severityStages[stage ?? -1]?.severity ?? '')

  function look(second: number): void {
    const ready = rule.severityStages.flatMap(({ durationSec }, stage) => {
      const since = trueSince[stage]
      const isReady = since !== undefined && second >= since + durationSec
      return isReady && (open === undefined ? second >= notBefore : rank(stage) > rank(open)) ? [stage] : []
    })
    const [highest] = ready.sort((a, b) => rank(b) - rank(a))
    if (highest !== undefined) {
      happen(open === undefined ? 'raised' : 'escalated', second, highest)
      open = highest
      clearable = undefined
    }
    if (open === undefined || clearable === undefined) return
    const clearAt = clearable + rule.policies.clearAfterSec
    const isSilentAgain = isSilence && (trueSince[0] ?? clearAt) < clearAt
    if (second < clearAt || isSilentAgain) return
    happen('cleared', second, open)
    open = undefined
    clearable = undefined
    notBefore = changed + rule.policies.retriggerSec
    look(second)
  }

  let clock = -1
  const walkTo = (second: number) => {
    while (clock < second) look(++clock)
  }

  function take({ wall, ts, value }: Arrival): void {
    const at = isSilence ? wall : Math.min(ts, wall + lead)
    if (at < newest.at || (at === newest.at && (isSilence || ts <= newest.ts))) return
    walkTo(at)
    newest = { at, ts, wall }
    clock = at
    if (isSilence) {
      const wasSilent = (trueSince[0] ?? Number.POSITIVE_INFINITY) <= at
      if (open !== undefined) clearable = wasSilent ? at : (clearable ?? at)
      trueSince.fill(at + silence)
    } else {
      for (const [i, { operator, threshold }] of rule.severityStages.entries()) {
        const slack = open !== undefined && trueSince[i] !== undefined ? rule.hysteresis : 0
        trueSince[i] = staysTrue(operator, value, Number(threshold), slack) ? (trueSince[i] ?? at) : undefined
      }
      const { clearCondition } = rule
      const isClear = !clearCondition || isTrue(clearCondition.operator, value, Number(clearCondition.threshold))
      const mayClear = open !== undefined && isClear && trueSince.every((since) => since === undefined)
      clearable = mayClear ? (clearable ?? at) : undefined
    }
    look(at)
  }

  for (let wall = 0; wall <= end; wall++) {
    for (const arrival of arrivals) if (arrival.wall === wall) take(arrival)
    walkTo(newest.at < 0 ? wall : newest.at + wall - newest.wall)
  }
  return history
}
