import type { Alarm, AlarmAct, AlarmChange, AlarmEvent } from '../../domain/alarm/alarm.ts'
import type { AttributeOf } from '../../domain/alarm/condition.ts'
import {
  adopt,
  clearByHand,
  initialState,
  type Sample,
  type Step,
  type Transition,
  takeSample,
} from '../../domain/alarm/evaluate.ts'
import type { AlarmRule } from '../../domain/alarm/rule.ts'
import { littleOf, samplesOf, silenceOf } from '../../domain/alarm/samples.ts'
import type { AttributeChanges, AttributeScope } from '../../domain/attribute.ts'
import type { StoredReading } from '../../store/read-telemetry.ts'
import type { RuleEntries, RuleEntry } from './alarm-store.ts'

/** A rule after something happened. The same entry as before: nothing did. */
export interface Outcome {
  readonly rule: AlarmRule
  readonly entry: RuleEntry
  readonly changes: readonly AlarmChange[]
}

interface Surroundings {
  readonly attributeOf: AttributeOf
  /** Of a device that is offline. */
  readonly silenceMs?: number
}

type NewId = () => string

export function sampleReadings(
  rule: AlarmRule,
  entry: RuleEntry,
  readings: readonly StoredReading[],
  receivedAt: number,
  around: Surroundings,
  newId: NewId,
): Outcome {
  const { at, stage } = entry.state
  const isNoted = rule.triggerMode === 'OFFLINE' && stage === null && receivedAt - at < littleOf(around.silenceMs ?? 0)
  return take(rule, entry, isNoted ? [] : samplesOf(rule, readings, receivedAt), around, newId)
}

export function sampleAttributes(
  rule: AlarmRule,
  entry: RuleEntry,
  scope: AttributeScope,
  changes: AttributeChanges,
  now: number,
  around: Surroundings,
  newId: NewId,
): Outcome {
  const isOurs = rule.attributeScope === 'ANY' || rule.attributeScope.toLowerCase() === scope
  const samples = changes
    .filter(([key, value]) => isOurs && key === rule.key && value !== null)
    .map(([, value]): Sample => ({ at: now, ts: now, lag: 0, value }))
  return take(rule, entry, samples, around, newId)
}

function take(
  rule: AlarmRule,
  entry: RuleEntry,
  samples: readonly Sample[],
  { attributeOf, silenceMs = 0 }: Surroundings,
  newId: NewId,
): Outcome {
  const changes: AlarmChange[] = []
  let now = entry
  for (const sample of samples) {
    const outcome = toOutcome(
      rule,
      now,
      takeSample(rule, now.state, sample, attributeOf, silenceOf(rule, silenceMs)),
      newId,
    )
    changes.push(...outcome.changes)
    now = outcome.entry
  }
  return { rule, entry: now, changes }
}

export function toOutcome(rule: AlarmRule, entry: RuleEntry, { state, transitions }: Step, newId: NewId): Outcome {
  if (state === entry.state) return { rule, entry, changes: [] }
  const changes: AlarmChange[] = []
  let { alarm, sequence } = entry
  for (const transition of transitions) {
    alarm = after(rule, alarm, transition, entry.shelvedUntil, newId)
    const { kind, at, value } = transition
    changes.push({ alarm, event: { at, sequence: sequence++, kind, severity: alarm.severity, value } })
    if (alarm.status === 'CLEARED') alarm = null
  }
  return { rule, entry: { ...entry, state, alarm, sequence }, changes }
}

function after(
  rule: AlarmRule,
  alarm: Alarm | null,
  { kind, at, stage, value }: Transition,
  shelvedUntil: number | null,
  newId: NewId,
): Alarm {
  const severity = rule.severityStages[stage]?.severity ?? 'WARNING'
  if (kind === 'raised' || !alarm) {
    const isShelved = shelvedUntil !== null && shelvedUntil > at
    return {
      ...blank,
      ...named(rule),
      id: newId(),
      severity,
      value,
      startedAt: at,
      updatedAt: at,
      ...(isShelved && { shelvedUntil }),
    }
  }
  if (kind === 'escalated') return { ...alarm, severity, value, updatedAt: at }
  return { ...alarm, status: 'CLEARED', updatedAt: at, clearedAt: at, clearedBy: 'rule' }
}

const named = ({ ruleId, name, key }: AlarmRule) => ({ ruleId, ruleName: name, key })

const blank = {
  status: 'ACTIVE',
  acknowledgedAt: null,
  acknowledgedBy: null,
  shelvedUntil: null,
  clearedAt: null,
  clearedBy: null,
} as const

export function actOn(rule: AlarmRule, entry: RuleEntry, act: AlarmAct, now: number): Outcome {
  const { alarm, sequence, state } = entry
  if (!alarm || (act.kind === 'acknowledge' && alarm.acknowledgedAt !== null)) return { rule, entry, changes: [] }
  const changed = acted(alarm, act, now)
  const event: AlarmEvent = {
    at: now,
    sequence,
    kind: eventOf(act),
    severity: alarm.severity,
    value: alarm.value,
    by: act.by,
    ...(act.kind === 'shelve' && act.until !== null && { until: act.until }),
  }
  const next: RuleEntry = {
    state: act.kind === 'clear' ? clearByHand(rule, state, now - state.lag) : state,
    alarm: changed.status === 'CLEARED' ? null : changed,
    sequence: sequence + 1,
    shelvedUntil: act.kind === 'shelve' ? act.until : entry.shelvedUntil,
  }
  return { rule, entry: next, changes: [{ alarm: changed, event }] }
}

function acted(alarm: Alarm, act: AlarmAct, now: number): Alarm {
  switch (act.kind) {
    case 'acknowledge':
      return { ...alarm, updatedAt: now, acknowledgedAt: now, acknowledgedBy: act.by }
    case 'clear':
      return { ...alarm, updatedAt: now, status: 'CLEARED', clearedAt: now, clearedBy: act.by }
    case 'shelve':
      return { ...alarm, updatedAt: now, shelvedUntil: act.until }
  }
}

function eventOf(act: AlarmAct): AlarmEvent['kind'] {
  if (act.kind === 'shelve') return act.until === null ? 'unshelved' : 'shelved'
  return act.kind === 'clear' ? 'cleared' : 'acknowledged'
}

/** New rules begin, changed ones go on, and the alarms of those that are gone are cleared. */
export function adoptRules(
  before: readonly AlarmRule[],
  rules: readonly AlarmRule[],
  entries: RuleEntries,
  { now, silenceMs }: { readonly now: number; readonly silenceMs: number },
): { entries: Map<string, RuleEntry>; changes: AlarmChange[] } {
  const next = new Map(
    rules.map((rule): [string, RuleEntry] => {
      const known = entries.get(rule.ruleId)
      const silence = silenceOf(rule, silenceMs)
      if (!known) {
        const state = initialState(rule, now, silence)
        return [rule.ruleId, { state, alarm: null, sequence: 0, shelvedUntil: null }]
      }
      const old = before.find(({ ruleId }) => ruleId === rule.ruleId)
      const isSame = JSON.stringify(old) === JSON.stringify(rule)
      return [rule.ruleId, isSame ? known : { ...known, state: adopt(rule, known.state, now, silence) }]
    }),
  )
  const changes = [...entries]
    .filter(([ruleId]) => !next.has(ruleId))
    .flatMap(([, { alarm, sequence }]): AlarmChange[] => {
      if (!alarm) return []
      const { severity, value } = alarm
      return [
        {
          alarm: { ...alarm, status: 'CLEARED', updatedAt: now, clearedAt: now, clearedBy: 'rule_removed' },
          event: { at: now, sequence, kind: 'cleared', severity, value, by: 'rule_removed' },
        },
      ]
    })
  return { entries: next, changes }
}
