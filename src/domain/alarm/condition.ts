import type { AlarmRule, Condition, Scalar, ValueType } from './rule.ts'

/** The current value of a device attribute, if it has one. */
export type AttributeOf = (name: string) => unknown

/** A sample as the rule's type; undefined: it is none, and says nothing. */
export function toScalar(type: ValueType, value: unknown): Scalar | undefined {
  switch (type) {
    case 'NUMBER':
      return toNumber(value)
    case 'BOOLEAN':
      return toBoolean(value)
    case 'STRING':
      return typeof value === 'object' ? undefined : value === undefined ? undefined : String(value)
  }
}

function toNumber(value: unknown): number | undefined {
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'string' && value.trim() !== '') return toNumber(Number(value))
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function toBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  if (value === 1 || value === '1' || value === 'true') return true
  if (value === 0 || value === '0' || value === 'false') return false
  return undefined
}

export function thresholdOf(rule: AlarmRule, condition: Condition, attributeOf: AttributeOf): Scalar {
  const { threshold, thresholdAttribute } = condition
  const own = thresholdAttribute === undefined ? undefined : toScalar(rule.valueType, attributeOf(thresholdAttribute))
  return own ?? toScalar(rule.valueType, threshold) ?? threshold
}

/** `slack`: how far the wrong side of the threshold still counts. */
export function holds(rule: AlarmRule, condition: Condition, value: Scalar, attributeOf: AttributeOf, slack = 0) {
  return compare(condition, value, thresholdOf(rule, condition, attributeOf), slack)
}

function compare({ operator }: Condition, value: Scalar, threshold: Scalar, slack: number): boolean {
  switch (operator) {
    case '>':
      return slack > 0 ? Number(value) > Number(threshold) - slack : value > threshold
    case '>=':
      return slack > 0 ? Number(value) > Number(threshold) - slack : value >= threshold
    case '<':
      return slack > 0 ? Number(value) < Number(threshold) + slack : value < threshold
    case '<=':
      return slack > 0 ? Number(value) < Number(threshold) + slack : value <= threshold
    case '==':
      return value === threshold
    case '!=':
      return value !== threshold
    case 'contains':
      return String(value).includes(String(threshold))
  }
}
