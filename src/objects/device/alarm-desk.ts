import type { Alarm, AlarmAct, AlarmChange } from '../../domain/alarm/alarm.ts'
import type { AttributeOf } from '../../domain/alarm/condition.ts'
import { dueAt, isDueToRaise, postpone, tick } from '../../domain/alarm/evaluate.ts'
import { type AlarmRule, type DeviceRules, isSilenceRule } from '../../domain/alarm/rule.ts'
import type { Attribute, AttributeChanges, AttributeScope } from '../../domain/attribute.ts'
import { limits } from '../../domain/limits.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { log } from '../../log.ts'
import type { StoredReading } from '../../store/read-telemetry.ts'
import { actOn, adoptRules, type Outcome, sampleAttributes, sampleReadings, toOutcome } from './alarm-entries.ts'
import type { AlarmStore, KeptRules, RuleEntry } from './alarm-store.ts'

export interface AlarmPorts {
  /** Undefined: there is no such device any more. */
  loadRules(device: DeviceIdentity): Promise<(DeviceRules & { readonly device: DeviceIdentity }) | undefined>
  attributes(device: DeviceIdentity): Promise<readonly Attribute[]>
  /** Whether the device's gateway was silent too since its own silence began to count. */
  isCovered(device: DeviceIdentity, since: number): Promise<boolean>
  save(device: DeviceIdentity, changes: readonly AlarmChange[]): Promise<void>
  changed(change: AlarmChange): void
  arm(at: number): void
  background(work: Promise<unknown>): void
  now(): number
  newId(): string
}

/**
 * Evaluates a device's alarm rules, one thing at a time. State and changes are kept in the object's SQLite in one
 * go; D1 is brought up to date after, and the object's alarm tries again what failed.
 */
export class AlarmDesk {
  readonly #store: AlarmStore
  readonly #ports: AlarmPorts
  #kept: KeptRules | undefined
  #entries: Map<string, RuleEntry>
  #turn: Promise<unknown> = Promise.resolve()
  #armedFor = Number.POSITIVE_INFINITY
  #lookedAt = Number.NEGATIVE_INFINITY
  #saving: Promise<void> = Promise.resolve()

  constructor(store: AlarmStore, ports: AlarmPorts) {
    this.#store = store
    this.#ports = ports
    this.#kept = store.rules()
    this.#entries = this.#kept ? store.entries() : new Map()
  }

  /** After an eviction: what was not saved then is saved now. */
  woke(): void {
    if (this.#kept && this.#store.unsaved(1).length > 0) this.#ports.arm(this.#ports.now())
  }

  /** Undefined, and free, for a device that has no rules. */
  observe(
    device: DeviceIdentity,
    readings: readonly StoredReading[],
    receivedAt: number,
  ): Promise<unknown> | undefined {
    if (!this.#concerns(device)) return undefined
    return this.#inTurn(async () => {
      const kept = await this.#rulesOf(device, receivedAt)
      if (!kept) return
      const attributeOf = await this.#attributesFor(kept, device)
      const silenceMs = kept.device.inactivityTimeoutMs
      this.#settle(
        kept.rules.rules.map((rule) =>
          sampleReadings(rule, this.#entry(rule), readings, receivedAt, { attributeOf, silenceMs }, this.#ports.newId),
        ),
      )
    })
  }

  attributesChanged(
    device: DeviceIdentity,
    scope: AttributeScope,
    changes: AttributeChanges,
  ): Promise<unknown> | undefined {
    if (!this.#concerns(device)) return undefined
    return this.#inTurn(async () => {
      const now = this.#ports.now()
      const kept = await this.#rulesOf(device, now)
      const rules = kept?.rules.rules.filter(({ sourceType }) => sourceType === 'ATTRIBUTE') ?? []
      if (!kept || rules.length === 0) return
      const attributeOf = await this.#attributesFor(kept, device)
      this.#settle(
        rules.map((rule) =>
          sampleAttributes(rule, this.#entry(rule), scope, changes, now, { attributeOf }, this.#ports.newId),
        ),
      )
    })
  }

  /** The rules may have changed, whatever the revision that came last. */
  revise(device: DeviceIdentity): Promise<unknown> {
    return this.#inTurn(() => this.#load(device, this.#ports.now()))
  }

  /** The object's alarm rang. */
  ring(): Promise<unknown> | undefined {
    if (!this.#kept) return undefined
    return this.#inTurn(async () => {
      this.#armedFor = Number.POSITIVE_INFINITY
      const now = this.#ports.now()
      const rules = this.#kept?.rules.rules ?? []
      const outcomes: Outcome[] = []
      for (const rule of rules) outcomes.push(await this.#tick(rule, this.#entry(rule), now))
      this.#settle(outcomes)
      this.#arm()
      await this.flush()
    })
  }

  async #tick(rule: AlarmRule, entry: RuleEntry, now: number): Promise<Outcome> {
    const { device } = this.#kept as KeptRules
    const isLost = isSilenceRule(rule) && device.parentGatewayId && isDueToRaise(rule, entry.state, now)
    if (isLost && (await this.#ports.isCovered(device, entry.state.since[0] ?? now))) {
      return { rule, entry: { ...entry, state: postpone(entry.state, now + limits.coveredRecheckMs) }, changes: [] }
    }
    return toOutcome(rule, entry, tick(rule, entry.state, now), this.#ports.newId)
  }

  /** Undefined: the alarm is not open. */
  act(alarmId: string, act: AlarmAct): Promise<Alarm | undefined> {
    return this.#inTurn(async () => {
      const found = [...this.#entries].find(([, { alarm }]) => alarm?.id === alarmId)
      const rule = this.#kept?.rules.rules.find(({ ruleId }) => ruleId === found?.[0])
      if (!found || !rule) return undefined
      const outcome = actOn(rule, found[1], act, this.#ports.now())
      this.#settle([outcome])
      await this.flush()
      return outcome.changes[0]?.alarm ?? found[1].alarm ?? undefined
    })
  }

  #concerns({ rulesRevision }: DeviceIdentity): boolean {
    return rulesRevision !== undefined || (this.#kept?.rules.rules.length ?? 0) > 0
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  #entry(rule: AlarmRule): RuleEntry {
    return this.#entries.get(rule.ruleId) as RuleEntry
  }

  /** Who kept an identity longer than others brings an older revision: the newest one stands. */
  #rulesOf(device: DeviceIdentity, now: number): Promise<KeptRules | undefined> {
    const kept = this.#kept
    const isKnown =
      kept &&
      (device.rulesRevision === undefined
        ? now - this.#lookedAt < limits.tokenCacheMs
        : device.rulesRevision <= kept.rules.revision)
    return isKnown ? Promise.resolve(kept) : this.#load(device, now)
  }

  async #load(device: DeviceIdentity, now: number): Promise<KeptRules | undefined> {
    try {
      const loaded = await this.#ports.loadRules(device)
      this.#lookedAt = now
      if (!loaded) return undefined
      const kept: KeptRules = { device: loaded.device, rules: { revision: loaded.revision, rules: loaded.rules } }
      if (kept.rules.revision === this.#kept?.rules.revision) return this.#kept
      if (!this.#kept && loaded.rules.length === 0) return undefined
      this.#adopt(kept, now)
      return kept
    } catch (error) {
      if (!this.#kept) throw error
      log('warn', 'alarm_rules_not_loaded', { device_id: device.deviceId, error })
      return this.#kept // those it had: a registry that is away holds up no reading
    }
  }

  #adopt(kept: KeptRules, now: number): void {
    const silenceMs = kept.device.inactivityTimeoutMs
    const { entries, changes } = adoptRules(this.#kept?.rules.rules ?? [], kept.rules.rules, this.#entries, {
      now,
      silenceMs,
    })
    this.#kept = kept
    this.#entries = entries
    this.#store.keepRules(kept)
    this.#keep(changes)
  }

  async #attributesFor({ rules }: KeptRules, device: DeviceIdentity): Promise<AttributeOf> {
    const names = rules.rules.flatMap(({ severityStages, clearCondition }) =>
      [...severityStages, clearCondition].map((condition) => condition?.thresholdAttribute),
    )
    if (names.every((name) => name === undefined)) return () => undefined
    const attributes = await this.#ports.attributes(device)
    return (name) => attributes.find(({ key }) => key === name)?.value
  }

  #settle(outcomes: readonly Outcome[]): void {
    const news = outcomes.filter(({ rule, entry }) => entry !== this.#entry(rule))
    if (news.length === 0) return
    for (const { rule, entry } of news) this.#entries.set(rule.ruleId, entry)
    this.#keep(news.flatMap(({ changes }) => changes))
  }

  #keep(changes: readonly AlarmChange[]): void {
    this.#store.keepEntries(this.#entries)
    this.#store.addChanges(changes)
    for (const change of changes) this.#ports.changed(change)
    this.#arm()
    if (changes.length > 0) this.#ports.background(this.flush())
  }

  #arm(): void {
    const due = (this.#kept?.rules.rules ?? []).flatMap((rule) => dueAt(rule, this.#entry(rule).state) ?? [])
    const next = Math.min(...due)
    if (next >= this.#armedFor) return // it rings earlier, and looks again then
    this.#armedFor = next
    this.#ports.arm(next)
  }

  /** Brings D1 up to date, one save at a time. */
  flush(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#save())
    return this.#saving
  }

  async #save(): Promise<void> {
    for (;;) {
      const unsaved = this.#store.unsaved(limits.alarmChangesPerSave)
      const last = unsaved.at(-1)
      if (!last || !this.#kept) return
      const { device } = this.#kept
      try {
        await this.#ports.save(
          device,
          unsaved.map(({ change }) => change),
        )
        this.#store.saved(last.id)
      } catch (error) {
        log('warn', 'alarms_not_saved', { device_id: device.deviceId, error })
        return this.#ports.arm(this.#ports.now() + limits.alarmRetryMs)
      }
    }
  }
}
