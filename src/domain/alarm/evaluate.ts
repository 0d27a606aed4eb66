import { type AttributeOf, holds, toScalar } from './condition.ts'
import { type AlarmRule, isSilenceRule, rankOf, type Scalar } from './rule.ts'

/**
 * What is known of one rule and one device. Times are the device's own: those of its samples, not ahead of
 * their arrival by more than the caller allows. Plain data: it outlives an eviction as JSON.
 */
export interface RuleState {
  /** Of the newest sample: its place in time, its `ts`, and how much later it arrived. */
  readonly at: number
  readonly ts: number
  readonly lag: number
  readonly value: Scalar | null
  /** Since when each stage's condition holds. A silence rule: from when on silence counts. */
  readonly since: readonly (number | null)[]
  /** Since when the alarm could clear. */
  readonly clearSince: number | null
  /** The alarm is raised no earlier. */
  readonly notBefore: number
  readonly changedAt: number
  /** The stage of the open alarm. */
  readonly stage: number | null
}

export interface Sample {
  readonly at: number
  readonly ts: number
  readonly lag: number
  readonly value: unknown
}

export interface Transition {
  readonly kind: 'raised' | 'escalated' | 'cleared'
  readonly at: number
  readonly stage: number
  readonly value: Scalar | null
}

export interface Step {
  readonly state: RuleState
  readonly transitions: readonly Transition[]
}

/** A rule that the device meets now. */
export function initialState(rule: AlarmRule, now: number, silenceMs: number): RuleState {
  const counts = isSilenceRule(rule) && !rule.policies.requireFirstSample && rule.triggerMode !== 'OFFLINE'
  const since = rule.severityStages.map(() => (counts ? now + silenceMs : null))
  return {
    at: -1,
    ts: -1,
    lag: 0,
    value: null,
    since,
    clearSince: null,
    notBefore: 0,
    changedAt: 0,
    stage: null,
  }
}

/** A changed rule keeps its open alarm and what it saw last; what was about to happen begins anew. */
export function adopt(rule: AlarmRule, old: RuleState, now: number, silenceMs: number): RuleState {
  const fresh = initialState(rule, now, silenceMs)
  const last = rule.severityStages.length - 1
  const since = isSilenceRule(rule) && old.value !== null ? rule.severityStages.map(() => now + silenceMs) : fresh.since
  return { ...old, since, clearSince: null, stage: old.stage === null ? null : Math.min(old.stage, last) }
}

/** One sample. What is no newer than the newest one, and what is no value of the rule's type, changes nothing. */
export function takeSample(
  rule: AlarmRule,
  state: RuleState,
  sample: Sample,
  attributeOf: AttributeOf,
  silenceMs = 0,
): Step {
  if (sample.at < state.at || (sample.at === state.at && sample.ts <= state.ts)) return { state, transitions: [] }
  const silent = isSilenceRule(rule)
  const value = silent ? (toScalar('STRING', sample.value) ?? '') : toScalar(rule.valueType, sample.value)
  if (value === undefined) return { state, transitions: [] }
  const before = advance(rule, state, sample.at)
  const seen = { ...before.state, at: sample.at, ts: sample.ts, lag: sample.lag, value }
  const next = silent ? afterUpdate(seen, silenceMs) : afterValue(rule, seen, value, attributeOf)
  const after = advance(rule, next, sample.at)
  return { state: after.state, transitions: [...before.transitions, ...after.transitions] }
}

function afterValue(rule: AlarmRule, state: RuleState, value: Scalar, attributeOf: AttributeOf): RuleState {
  const since = rule.severityStages.map((stage, i) => {
    const began = state.since[i] ?? null
    const slack = state.stage !== null && began !== null ? rule.hysteresis : 0
    return holds(rule, stage, value, attributeOf, slack) ? (began ?? state.at) : null
  })
  const { clearCondition } = rule
  const mayClear =
    state.stage !== null &&
    since.every((began) => began === null) &&
    (!clearCondition || holds(rule, clearCondition, value, attributeOf))
  return { ...state, since, clearSince: mayClear ? (state.clearSince ?? state.at) : null }
}

function afterUpdate(state: RuleState, silenceMs: number): RuleState {
  const wasSilent = (state.since[0] ?? Number.POSITIVE_INFINITY) <= state.at
  const clearSince = state.stage === null ? null : wasSilent ? state.at : (state.clearSince ?? state.at)
  return { ...state, since: state.since.map(() => state.at + silenceMs), clearSince }
}

interface Due {
  readonly at: number
  readonly stage: number | null
}

/** What time alone will do next; stage null: the alarm clears. */
function nextStep(rule: AlarmRule, state: RuleState): Due | undefined {
  let next: Due | undefined
  const rank = (stage: number) => rankOf(rule.severityStages[stage]?.severity ?? 'WARNING')
  for (const [stage, { durationSec }] of rule.severityStages.entries()) {
    const began = state.since[stage] ?? null
    if (began === null || (state.stage !== null && rank(stage) <= rank(state.stage))) continue
    const held = began + durationSec * 1_000
    const at = state.stage === null ? Math.max(held, state.notBefore) : held
    if (!next || at < next.at || (at === next.at && rank(stage) > rank(next.stage ?? 0))) next = { at, stage }
  }
  if (state.clearSince === null) return next
  const at = state.clearSince + rule.policies.clearAfterSec * 1_000
  const isSilentAgain = isSilenceRule(rule) && (state.since[0] ?? at) < at
  return isSilentAgain || (next && next.at <= at) ? next : { at, stage: null }
}

/** Does what is due up to a time of the device. */
export function advance(rule: AlarmRule, from: RuleState, to: number): Step {
  const transitions: Transition[] = []
  let state = from
  for (;;) {
    const due = nextStep(rule, state)
    if (!due || due.at > to) return { state, transitions }
    const at = Math.max(due.at, state.changedAt)
    const stage = due.stage ?? state.stage ?? 0
    const kind = due.stage === null ? 'cleared' : state.stage === null ? 'raised' : 'escalated'
    transitions.push({ kind, at, stage, value: state.value })
    state = kind === 'cleared' ? cleared(rule, state, at) : { ...state, stage, changedAt: at, clearSince: null }
  }
}

function cleared(rule: AlarmRule, state: RuleState, at: number): RuleState {
  const notBefore = at + rule.policies.retriggerSec * 1_000
  return { ...state, stage: null, clearSince: null, changedAt: at, notBefore }
}

/** By a person: whatever holds counts anew from the next sample on. */
export function clearByHand(rule: AlarmRule, state: RuleState, at: number): RuleState {
  const clear = cleared(rule, state, Math.max(at, state.changedAt))
  return { ...clear, since: clear.since.map(() => null) }
}

export function isDueToRaise(rule: AlarmRule, state: RuleState, now: number): boolean {
  const due = nextStep(rule, state)
  return state.stage === null && due !== undefined && due.at + state.lag <= now
}

/** The alarm is raised no earlier than this: something else accounts for the silence. */
export function postpone(state: RuleState, until: number): RuleState {
  return { ...state, notBefore: Math.max(state.notBefore, until) }
}

/** When, by the wall's clock, time alone will do something. */
export function dueAt(rule: AlarmRule, state: RuleState): number | undefined {
  const due = nextStep(rule, state)
  return due && due.at + state.lag
}

/** Does what is due by the wall's clock. */
export function tick(rule: AlarmRule, state: RuleState, now: number): Step {
  return advance(rule, state, now - state.lag)
}
