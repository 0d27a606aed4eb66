import type { AlarmChange } from '../../src/domain/alarm/alarm.ts'
import type { AlarmRule } from '../../src/domain/alarm/rule.ts'
import type { Attribute } from '../../src/domain/attribute.ts'
import type { DeviceId, TenantId } from '../../src/domain/ids.ts'
import type { DeviceIdentity } from '../../src/domain/principal.ts'
import { AlarmDesk } from '../../src/objects/device/alarm-desk.ts'
import { AlarmStore, alarmMigrations } from '../../src/objects/device/alarm-store.ts'
import { sqliteStorage } from '../commands/sqlite-storage.ts'

export function newRule(fields: Partial<AlarmRule> = {}): AlarmRule {
  return {
    ruleId: 'hot',
    schemaVersion: 2,
    name: 'Too hot',
    enabled: true,
    triggerMode: 'VALUE',
    sourceType: 'TELEMETRY',
    key: 't',
    valueType: 'NUMBER',
    attributeScope: 'ANY',
    severityStages: [{ severity: 'MAJOR', operator: '>', threshold: 80, durationSec: 0 }],
    hysteresis: 0,
    ...fields,
    policies: { clearAfterSec: 0, retriggerSec: 0, ...fields.policies },
  }
}

/** A desk on a wall clock of its own, that can be evicted at any moment. */
export class DeskWorld {
  readonly saved: AlarmChange[] = []
  readonly told: AlarmChange[] = []
  now = 0
  alarm: number | undefined
  rules: readonly AlarmRule[]
  revision = 1
  attributes: Attribute[] = []
  gatewayHeard = 0
  isRegistryAway = false
  device: DeviceIdentity = {
    tenantId: 't' as TenantId,
    deviceId: 'd' as DeviceId,
    isGateway: false,
    inactivityTimeoutMs: 600_000,
    shards: [],
    rulesRevision: 1,
  }
  loads = 0
  #ids = 0
  readonly #storage = sqliteStorage(alarmMigrations)
  #working: Promise<unknown>[] = []
  desk: AlarmDesk

  constructor(...rules: AlarmRule[]) {
    this.rules = rules
    this.desk = this.#open()
  }

  #open(): AlarmDesk {
    const desk = new AlarmDesk(new AlarmStore(this.#storage), {
      loadRules: async () => {
        this.loads++
        if (this.isRegistryAway) throw new Error('away')
        return { revision: this.revision, rules: this.rules, device: { ...this.device, rulesRevision: this.revision } }
      },
      attributes: async () => this.attributes,
      isCovered: async (_, since) => this.gatewayHeard < since,
      save: async (_, changes) => {
        if (this.isRegistryAway) throw new Error('away')
        this.saved.push(...changes)
      },
      changed: (change) => this.told.push(change),
      arm: (at) => {
        this.alarm = Math.min(at, this.alarm ?? at)
      },
      background: (work) => this.#working.push(work),
      now: () => this.now,
      newId: () => `alarm-${this.#ids++}`,
    })
    desk.woke()
    return desk
  }

  /** Whatever was in memory is gone. */
  evict(): void {
    this.desk = this.#open()
  }

  async settle(): Promise<void> {
    while (this.#working.length > 0) await this.#working.pop()
  }

  /** The wall's clock goes on; the object's alarm rings on its way. */
  async goTo(now: number): Promise<void> {
    while (this.alarm !== undefined && this.alarm <= now) {
      this.now = Math.max(this.now, this.alarm)
      this.alarm = undefined
      await this.desk.ring()
      await this.settle()
    }
    this.now = now
  }

  async send(values: Record<string, number | string | boolean>, ts = this.now): Promise<void> {
    await this.desk.observe(this.device, [{ ts, values }], this.now)
    await this.settle()
  }

  get history(): string[] {
    return this.told.map(({ event }) => `${event.kind} ${event.severity} ${event.at}`)
  }
}
