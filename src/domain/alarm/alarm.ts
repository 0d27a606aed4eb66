import type { Scalar, Severity } from './rule.ts'

/** An alarm as it stands. Kept by the device's object while it is open, and in D1 for good. */
export interface Alarm {
  readonly id: string
  readonly ruleId: string
  readonly ruleName: string
  readonly severity: Severity
  readonly status: 'ACTIVE' | 'CLEARED'
  readonly key: string
  readonly value: Scalar | null
  readonly startedAt: number
  readonly updatedAt: number
  readonly acknowledgedAt: number | null
  readonly acknowledgedBy: string | null
  /** Until then nobody is told. */
  readonly shelvedUntil: number | null
  readonly clearedAt: number | null
  readonly clearedBy: string | null
}

export const alarmEventKinds = ['raised', 'escalated', 'acknowledged', 'shelved', 'unshelved', 'cleared'] as const
export type AlarmEventKind = (typeof alarmEventKinds)[number]

export interface AlarmEvent {
  readonly at: number
  readonly sequence: number
  readonly kind: AlarmEventKind
  readonly severity: Severity
  readonly value: Scalar | null
  /** Who did it; absent: the rule. */
  readonly by?: string
  readonly until?: number
}

/** What a person does to an alarm. */
export type AlarmAct =
  | { readonly kind: 'acknowledge' | 'clear'; readonly by: string }
  | { readonly kind: 'shelve'; readonly by: string; readonly until: number | null }

/** An alarm after something became of it, and what that was. */
export interface AlarmChange {
  readonly alarm: Alarm
  readonly event: AlarmEvent
}
