import type { Alarm, AlarmChange } from '../../domain/alarm/alarm.ts'
import type { RuleState } from '../../domain/alarm/evaluate.ts'
import type { DeviceRules } from '../../domain/alarm/rule.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import type { DeviceStorage } from './storage.ts'

export const alarmMigrations = [
  `CREATE TABLE alarm_rules (
    id INTEGER PRIMARY KEY CHECK (id = 1), device TEXT NOT NULL, rules TEXT NOT NULL
  ) STRICT`,
  'CREATE TABLE alarm_states (id INTEGER PRIMARY KEY CHECK (id = 1), states TEXT NOT NULL) STRICT',
  'CREATE TABLE alarm_changes (id INTEGER PRIMARY KEY AUTOINCREMENT, change TEXT NOT NULL) STRICT',
]

/** What the object knows of one rule. */
export interface RuleEntry {
  readonly state: RuleState
  readonly alarm: Alarm | null
  /** Of the events of the rule's alarms. */
  readonly sequence: number
  readonly shelvedUntil: number | null
}

export type RuleEntries = ReadonlyMap<string, RuleEntry>

export interface KeptRules {
  /** As it was when the rules were looked up: a change of it has a new revision. */
  readonly device: DeviceIdentity
  readonly rules: DeviceRules
}

/** A device's rules, what is known of them, and what is not yet in D1: in the object's SQLite. */
export class AlarmStore {
  readonly #storage: DeviceStorage

  constructor(storage: DeviceStorage) {
    this.#storage = storage
  }

  rules(): KeptRules | undefined {
    const [row] = this.#read<{ device: string; rules: string }>('SELECT device, rules FROM alarm_rules')
    return row && { device: JSON.parse(row.device) as DeviceIdentity, rules: JSON.parse(row.rules) as DeviceRules }
  }

  entries(): Map<string, RuleEntry> {
    const [row] = this.#read<{ states: string }>('SELECT states FROM alarm_states')
    return new Map(row && (JSON.parse(row.states) as [string, RuleEntry][]))
  }

  keepRules({ device, rules }: KeptRules): void {
    this.#storage.prepare()
    this.#storage.sql.exec(
      'INSERT OR REPLACE INTO alarm_rules (id, device, rules) VALUES (1, ?, ?)',
      JSON.stringify(device),
      JSON.stringify(rules),
    )
  }

  keepEntries(entries: RuleEntries): void {
    this.#storage.prepare()
    this.#storage.sql.exec(
      'INSERT OR REPLACE INTO alarm_states (id, states) VALUES (1, ?)',
      JSON.stringify([...entries]),
    )
  }

  addChanges(changes: readonly AlarmChange[]): void {
    for (const change of changes) {
      this.#storage.sql.exec('INSERT INTO alarm_changes (change) VALUES (?)', JSON.stringify(change))
    }
  }

  /** Oldest first. */
  unsaved(count: number): { id: number; change: AlarmChange }[] {
    const query = 'SELECT id, change FROM alarm_changes ORDER BY id LIMIT ?'
    return this.#read<{ id: number; change: string }>(query, count).map(({ id, change }) => ({
      id,
      change: JSON.parse(change) as AlarmChange,
    }))
  }

  saved(upTo: number): void {
    this.#storage.sql.exec('DELETE FROM alarm_changes WHERE id <= ?', upTo)
  }

  #read<Row extends Record<string, SqlStorageValue>>(query: string, ...bound: number[]): Row[] {
    return this.#storage.isReady ? this.#storage.sql.exec<Row>(query, ...bound).toArray() : []
  }
}
