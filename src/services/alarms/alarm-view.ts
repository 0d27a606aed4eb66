import type { Scalar } from '../../domain/alarm/rule.ts'
import { AppError } from '../../domain/errors.ts'
import { displayOf, type KeyDisplays, showValue } from '../../domain/key-display.ts'
import type { AlarmRow } from '../../store/alarms.ts'

/** Both spellings of each field: the mobile app reads the one, the documented interface the other. */
export type AlarmView = ReturnType<typeof toAlarmView>

export function toAlarmView(row: AlarmRow, now: number) {
  const { id, deviceId, deviceName, ruleId, ruleName, severity, status, startedAt, updatedAt } = row
  const value = row.value === null ? null : (JSON.parse(row.value) as Scalar | null)
  const acknowledged = row.acknowledgedAt !== null
  const key = row.key || null
  return {
    alarmId: id,
    alarm_id: id,
    id,
    deviceId,
    device_id: deviceId,
    deviceName,
    device_name: deviceName,
    deviceType: row.deviceType,
    ruleId,
    rule_id: ruleId,
    name: ruleName,
    ruleName,
    rule_name: ruleName,
    severity,
    status,
    /** As the documented interface once called it. */
    state: `${status}_${acknowledged ? 'ACK' : 'UNACK'}`,
    message: messageOf(ruleName, key, value, row.keys),
    acknowledged,
    acknowledgedAt: row.acknowledgedAt,
    acknowledgedBy: row.acknowledgedBy,
    shelved: row.shelvedUntil !== null && row.shelvedUntil > now,
    shelvedUntil: row.shelvedUntil,
    triggerKey: key,
    trigger_key: key,
    triggerValue: value,
    trigger_value: value,
    startTs: startedAt,
    start_ts: startedAt,
    createdAt: startedAt,
    updatedTs: updatedAt,
    last_update_ts: updatedAt,
    updatedAt,
    clearedAt: row.clearedAt,
    clearedBy: row.clearedBy,
  }
}

function messageOf(ruleName: string, key: string | null, value: Scalar | null, keys: string | null): string {
  if (key === null || value === null || value === '') return ruleName
  const display = displayOf(keys === null ? {} : (JSON.parse(keys) as KeyDisplays), key)
  return `${ruleName}: ${display.label ?? key} ${showValue(display, value)}`
}

export const alarmNotFound = () => new AppError('alarm_not_found', { detail: 'There is no such alarm.' })
