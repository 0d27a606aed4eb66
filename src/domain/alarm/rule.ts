/** An alarm rule as it is published (schema version 2): read and written with its device profile. */
export const severities = ['WARNING', 'MINOR', 'MAJOR', 'CRITICAL'] as const
export type Severity = (typeof severities)[number]

/** VALUE: a value crosses a threshold; NO_UPDATE: a key stays away; OFFLINE: the device does. */
export const triggerModes = ['VALUE', 'NO_UPDATE', 'OFFLINE'] as const
export type TriggerMode = (typeof triggerModes)[number]

export const valueTypes = ['NUMBER', 'STRING', 'BOOLEAN'] as const
export type ValueType = (typeof valueTypes)[number]

export const operators = ['>', '<', '>=', '<=', '==', '!=', 'contains'] as const
export type Operator = (typeof operators)[number]

export const ruleAttributeScopes = ['ANY', 'CLIENT', 'SHARED', 'SERVER'] as const

export type Scalar = number | string | boolean

export interface Condition {
  readonly operator: Operator
  readonly threshold: Scalar
  /** A device attribute whose value, where it has one, stands for the threshold. */
  readonly thresholdAttribute?: string | undefined
}

export interface SeverityStage extends Condition {
  readonly severity: Severity
  /** So long it must hold before the alarm is raised. */
  readonly durationSec: number
}

export interface AlarmRule {
  readonly ruleId: string
  readonly schemaVersion: 2
  readonly name: string
  readonly enabled: boolean
  readonly triggerMode: TriggerMode
  readonly sourceType: 'TELEMETRY' | 'ATTRIBUTE'
  readonly key: string
  readonly valueType: ValueType
  readonly attributeScope: (typeof ruleAttributeScopes)[number]
  readonly severityStages: readonly SeverityStage[]
  /** Absent: the alarm clears when no stage holds any more. */
  readonly clearCondition?: Condition | undefined
  /** How far a number must come back over its threshold before a stage that raised holds no more. */
  readonly hysteresis: number
  readonly policies: {
    /** So long the clear condition must hold. */
    readonly clearAfterSec: number
    /** So long after it was cleared the alarm is not raised again. */
    readonly retriggerSec: number
    readonly noUpdateSec?: number | undefined
    /** Silence counts only from a first sample on. */
    readonly requireFirstSample?: boolean | undefined
  }
}

export function rankOf(severity: Severity): number {
  return severities.indexOf(severity)
}

/** Raised by time alone. */
export function isSilenceRule({ triggerMode }: Pick<AlarmRule, 'triggerMode'>): boolean {
  return triggerMode !== 'VALUE'
}

/** The rules that hold for a device, as of a revision of its profile and of itself. */
export interface DeviceRules {
  readonly revision: number
  readonly rules: readonly AlarmRule[]
}
