/** What the verbs and the pipeline need of the platform. `src/objects` fulfils it; tests may too. */
import type { Alarm, AlarmAct } from '../domain/alarm/alarm.ts'
import type { Attribute, AttributeChanges, AttributeScope, AttributeValue } from '../domain/attribute.ts'
import type { Command, CommandAnswer, CommandRequest, CommandStatus } from '../domain/command.ts'
import type { Fault } from '../domain/errors.ts'
import type { DeviceEvent, NewDeviceEvent } from '../domain/events.ts'
import type { DeviceId, TenantId } from '../domain/ids.ts'
import type { DownlinkNews, NetworkRoute } from '../domain/network-route.ts'
import type { PacketLoss } from '../domain/packet-loss.ts'
import type { DeviceIdentity, Quota } from '../domain/principal.ts'
import type { Frame, FrameCopy } from '../domain/report.ts'
import type { TimedValue } from '../domain/telemetry.ts'
import type { WebhookCall } from '../domain/webhook.ts'

/** One row to be. `json` is the reading's values as a JSON object. */
export interface AppendRow {
  /** Epoch ms; absent: the lane gives the arrival time. */
  readonly ts?: number
  /** Of what was parked before: it is stored under the time when it came in. */
  readonly arrivedAt?: number
  readonly json: string
  /** The sender's repeat mark: the same mark within ten minutes is the same message. */
  readonly mark?: string
  /** It is no repeat, whatever its mark. */
  readonly isFirst?: true
}

/** The rows of one device in one message. */
export interface AppendGroup {
  readonly tenantId: TenantId
  readonly deviceId: DeviceId
  readonly quota?: Quota
  readonly idempotencyKey?: string
  readonly rows: readonly AppendRow[]
}

/** Per row: the time it is stored under, or why it is not. */
export type AppendResult = readonly (number | Fault)[]

export interface TelemetryLane {
  /** Resolves when the rows are committed; a result for each group, in order. */
  append(groups: readonly AppendGroup[]): Promise<readonly AppendResult[]>
}

export interface Observation {
  readonly device: DeviceIdentity
  readonly receivedAt: number
  /** None: the device is there. */
  readonly readings?: ObservedReadings
  /** Where the uplinks stand in a LoRa device's count. */
  readonly frames?: readonly Frame[]
  /** How it is told something. */
  readonly route?: NetworkRoute
}

/** One text and one list: many small objects cost more to carry than the call (measured). */
export interface ObservedReadings {
  readonly times: readonly number[]
  /** A JSON array of their values. */
  readonly json: string
}

/** What the object must know of a socket that a door hands to it. */
export type SocketOpening =
  | { readonly kind: 'device'; readonly deviceId: DeviceId; readonly token: string }
  | {
      readonly kind: 'live'
      readonly device: DeviceIdentity
      readonly keys: readonly string[]
      readonly since?: number
      readonly limit: number
      readonly lastEventId?: string
    }

/** What is told to a device, whichever way it is reached by. */
export type Downlink =
  | { readonly kind: 'command'; readonly request: CommandRequest; readonly timeoutMs: number }
  | { readonly kind: 'attribute'; readonly key: string; readonly value: AttributeValue | null }

export interface Presence {
  readonly connected: boolean
  readonly lastSeen: number | null
  /** Of a LoRa device's last frames. */
  readonly packetLoss: PacketLoss | null
}

/** A device's object. Nothing in it awaits another object while it holds a queue that the other may need. */
export interface DeviceLink {
  observe(observation: Observation): Promise<void>
  latest(device: DeviceIdentity): Promise<{ lastSeen: number | null; values: [string, TimedValue][] }>
  recordEvents(events: readonly NewDeviceEvent[]): Promise<void>
  /** Newest first, older than the event `before`. */
  events(before: number | undefined, count: number): Promise<DeviceEvent[]>
  /** Commits, tells the device and whoever watches, then resolves; one change at a time. */
  saveAttributes(
    device: DeviceIdentity,
    scope: AttributeScope,
    changes: AttributeChanges,
    by: 'app' | 'device',
  ): Promise<Fault | undefined>
  /** From memory where the object is warm. A device that asks is there. */
  attributes(device: DeviceIdentity, scopes: readonly AttributeScope[], by: 'app' | 'device'): Promise<Attribute[]>
  /** Resolves with what became of it; `waitMs` > 0 waits so long for the device's answer. */
  sendCommand(device: DeviceIdentity, command: Command, waitMs: number): Promise<CommandStatus | Fault>
  /** Undefined: no such command that is still under way. */
  cancelCommand(device: DeviceIdentity, id: string): Promise<CommandStatus | undefined>
  /** For devices that ask (long poll): what waits, at most so many, in order; waits so long for the first. */
  takeCommands(device: DeviceIdentity, waitMs: number, most: number): Promise<CommandRequest[]>
  /** The device's word. False: no such command, or it is over. */
  answerCommand(device: DeviceIdentity, answer: CommandAnswer): Promise<boolean>
  /** Whether this copy of an uplink is the one to keep. */
  claimFrame(frame: Frame, copy: FrameCopy): Promise<boolean>
  /** What a network server says of commands that it was given. */
  downlinksHeard(news: readonly DownlinkNews[]): Promise<void>
  /** Resolves when it is committed, or will be. Undefined: the alarm is not open. */
  actOnAlarm(alarmId: string, act: AlarmAct): Promise<Alarm | undefined>
  /** Its alarm rules may have changed; silence is counted by them from now on. */
  reviseRules(device: DeviceIdentity): Promise<void>
  /** To the gateway of a child: the way the messages went by, or undefined (the child is asked again when a way opens). */
  tellChild(child: DeviceId, messages: readonly Downlink[]): Promise<string | undefined>
  /** The child has another gateway now, or is gone. */
  forgetChild(child: DeviceId): Promise<void>
  /** The child's gateway opened or lost a way. */
  gatewayChanged(way: string, state: 'open' | 'closed'): Promise<void>
  presence(): Promise<Presence>
  /** The device's rights changed: open sockets are closed (a rotated token) or read them anew. */
  refresh(change: 'token' | 'fields'): Promise<void>
  /** Closes what is open and forgets everything. */
  erase(): Promise<void>
}

/** What a broker must know of a socket before its CONNECT. */
export interface BrokerOpening {
  /** Near the client, as a location hint. */
  readonly region: string
  /** Spreads clients over the brokers of a region. */
  readonly key: string
  /** Of the client, for the count of unknown tokens. */
  readonly address: string
}

/** A webhook call whose sender will not send it again. */
export interface ParkedWebhook {
  readonly tenantId: TenantId
  readonly call: WebhookCall
  /** SHA-256 of the secrets that came with it, for a caller that could not be checked. */
  readonly hashes: readonly string[]
  readonly isVerified: boolean
}

/** Where calls are kept while the database is away. */
export interface Parking {
  /** Resolves when it is kept durably. False: there is no room. */
  park(parked: ParkedWebhook): Promise<boolean>
}

export interface SignInAttempt {
  /** SHA-256 of the e-mail. */
  readonly account: string
  readonly network: string
  readonly password: string
  /** What is stored for the account; absent: there is none, which must not show. */
  readonly hash: string | undefined
}

export type SignInVerdict =
  /** `renewed`: the hash with today's figures, to be stored in place of the old one. */
  | { readonly outcome: 'right'; readonly renewed?: string }
  | { readonly outcome: 'wrong' }
  | { readonly outcome: 'wait'; readonly waitMs: number }

/** Hashes passwords, and counts attempts per account and per network. */
export interface SignInDesk {
  hash(password: string): Promise<string>
  attempt(attempt: SignInAttempt): Promise<SignInVerdict>
  /** Counts an attempt against the network. How long to wait; 0: go on. */
  admit(network: string): Promise<number>
  /** It was right. */
  refund(network: string): Promise<void>
}

export interface Platform {
  /** The desk of an account or a network. */
  signIn(key: string): SignInDesk
  /** An MQTT socket: its answer is a 101. */
  openMqtt(opening: BrokerOpening): Promise<Response>
  /** A socket that the device's object is to hold: its answer is a 101, or a Fault as JSON. */
  openSocket(deviceId: DeviceId, opening: SocketOpening): Promise<Response>
  lane(shard: number, deviceId: DeviceId): { readonly name: string; readonly lane: TelemetryLane }
  device(deviceId: DeviceId): DeviceLink
  parking(tenantId: TenantId): Parking
}
