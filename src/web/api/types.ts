/** Answers of the REST interface as far as pages read them; test/web/answers.test.ts holds them to its schemas. */
export interface Device {
  readonly deviceId: string
  readonly name: string
  readonly deviceType: string
  readonly label: string | null
  /** Only for those who may change the device. */
  readonly token?: string | undefined
  readonly isGateway: boolean
  readonly parentGatewayId: string | null
  readonly integration: { readonly lorawan: { readonly dev_eui: string | null } }
  readonly status: 'ACTIVE' | 'INACTIVE'
  readonly lastActivityTs: number | null
  readonly inactivityTimeoutMs: number
  readonly createdAt: number
}

export interface DeviceDetail extends Device {
  readonly connected: boolean
  readonly unreachable?: boolean | undefined
  readonly childCount?: number | undefined
  readonly packetLoss?: { readonly received: number; readonly lost: number } | undefined
}

export interface DevicePage {
  readonly items: readonly Device[]
  readonly nextCursor: string | null
}

export interface RowError {
  readonly row: number
  readonly column?: string | undefined
  readonly code: string
  readonly detail: string
}

export interface ImportCheck {
  readonly valid: number
  readonly invalid: number
  readonly errors: readonly RowError[]
  readonly warnings: readonly string[]
}

export interface ImportResult {
  readonly created: number
  readonly existing: number
  readonly rejected: number
  readonly devices: readonly {
    readonly row: number
    readonly deviceId: string
    readonly name: string
    readonly status: 'created' | 'existing'
  }[]
  readonly errors: readonly RowError[]
}

export interface DeviceEvent {
  readonly id: number
  readonly kind: string
  readonly at: number
  readonly connector: string
  readonly code?: string | undefined
  readonly reason?: string | undefined
  readonly detail: string
  /** Base64. */
  readonly raw?: string | undefined
  readonly rawSize?: number | undefined
  readonly contentType?: string | undefined
}

export type Latest = Readonly<Record<string, { readonly value: unknown; readonly ts: number }>>

export type Point = readonly [ts: number, value: unknown]

export interface SeriesAnswer {
  readonly series: readonly { readonly key: string; readonly points: readonly Point[] }[]
  readonly interval: number | null
  readonly truncated: boolean
}

export interface KeyInfo {
  readonly key: string
  readonly type: 'number' | 'boolean' | 'string' | 'json'
  readonly lastTs: number
}

export type Scope = 'CLIENT' | 'SHARED' | 'SERVER'

export interface Attribute {
  readonly key: string
  readonly value?: unknown
  readonly scope: Scope
  readonly updatedTs: number
}

export type CommandState = 'queued' | 'sent' | 'delivered' | 'succeeded' | 'failed' | 'expired' | 'cancelled'

export interface CommandRecord {
  readonly id: string
  readonly requestId: string
  readonly method: string
  readonly params: unknown
  readonly twoWay: boolean
  readonly persistent: boolean
  readonly state: CommandState
  readonly result?: unknown
  readonly createdAt: number
  readonly expiresAt: number
  readonly sentAt: number | null
  readonly deliveredAt: number | null
  readonly finishedAt: number | null
}

export interface CommandAnswer {
  readonly success: boolean
  readonly message?: string | undefined
  readonly id: string
  readonly state: CommandState
}

export interface Transport {
  readonly id: string
  readonly title: string
  readonly summary: string
  readonly transport: 'http' | 'websocket' | 'mqtt'
  readonly path: string
  readonly endpoint: string
  readonly auth: { readonly type: string }
}

export interface Catalog {
  readonly baseUrl: string
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly transports: readonly Transport[]
}

export interface WebhookSettings {
  readonly unknownDevices: 'list' | 'create' | 'refuse'
  readonly radioFacts: boolean
  readonly ttnPayload: 'decoded' | 'normalized'
}

export interface Webhooks {
  readonly webhooks: readonly { readonly connector: string; readonly title: string; readonly url: string }[]
  readonly secret: {
    readonly lastFour: string
    readonly createdAt: number
    readonly lastUsedAt: number | null
    readonly previousExpiresAt: number | null
  } | null
  readonly settings: WebhookSettings
  readonly inboxed: number
}

export interface NewSecret {
  readonly secret: string
  readonly lastFour: string
  readonly previousExpiresAt: number | null
}

export interface InboxEntry {
  readonly id: string
  readonly connector: string
  readonly receivedAt: number
  readonly reason: string
  readonly detail: string
  readonly devEui: string | null
  readonly contentType: string
  readonly bytes: number
  readonly replayedAt: number | null
}

export interface InboxBody extends InboxEntry {
  readonly body?: string | undefined
  readonly raw?: string | undefined
}

export interface Replayed {
  readonly id: string
  readonly accepted: number
  readonly isDone: boolean
  readonly detail?: string | undefined
}

export interface Approved {
  readonly id: string
  readonly deviceId: string
  readonly name: string
  readonly replayed: Replayed
  readonly alsoReplayed: number
}

export interface ApiKey {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly lastFour: string
  readonly scopes: readonly ('read' | 'write' | 'admin')[]
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
  readonly revokedAt: number | null
}

export interface Tenant {
  readonly tenantId: string
  readonly name: string
  readonly plan: string
  readonly createdAt: number
}
