import { call, request } from './client.ts'
import type * as t from './types.ts'

const device = (id: string) => `/api/devices/${encodeURIComponent(id)}`
const integrations = '/api/tenant/integrations'
const entry = (id: string) => `${integrations}/inbox/${encodeURIComponent(id)}`

export type Sort = 'name' | '-name' | 'lastSeen' | '-lastSeen'

export interface DeviceQuery {
  readonly search?: string
  readonly online?: boolean
  readonly gateway?: boolean
  readonly deviceType?: string
  readonly parentGatewayId?: string
  readonly sort?: Sort
  readonly limit?: number
  readonly cursor?: string
}

export interface DeviceInput {
  readonly name?: string
  readonly deviceType?: string
  readonly label?: string | null
  readonly isGateway?: boolean
  readonly parentGatewayId?: string | null
  readonly inactivityTimeoutMs?: number | null
  readonly integration?: { readonly lorawan: { readonly dev_eui: string | null } }
}

export interface CommandInput {
  readonly method: string
  readonly params: unknown
  readonly twoWay: boolean
  readonly persistent: boolean
  readonly timeoutMs?: number
}

type Signal = AbortSignal | undefined
const signalled = (signal: Signal) => (signal ? { signal } : {})

/** Devices */
export const listDevices = (query: DeviceQuery, signal?: Signal) =>
  call<t.DevicePage>('GET', '/api/devices', { query: { ...query }, ...signalled(signal) })
export const listTypes = () => call<{ readonly types: readonly string[] }>('GET', '/api/devices/types')
export const getDevice = (id: string, signal?: Signal) => call<t.DeviceDetail>('GET', device(id), signalled(signal))
export const createDevice = (json: DeviceInput) => call<t.DeviceDetail>('POST', '/api/devices', { json })
export const updateDevice = (id: string, json: DeviceInput) => call<t.DeviceDetail>('PATCH', device(id), { json })
export const deleteDevice = (id: string) => call<void>('DELETE', device(id))
export const rotateToken = (id: string) => call<t.DeviceDetail>('POST', `${device(id)}/token`)
export const listEvents = (id: string, query: { readonly before?: number; readonly limit: number }, signal?: Signal) =>
  call<{ readonly items: readonly t.DeviceEvent[] }>('GET', `${device(id)}/events`, { query, ...signalled(signal) })

/** Import */
const csv = (body: string) => ({ text: { body, type: 'text/csv' } })
export const checkImport = (body: string) => call<t.ImportCheck>('POST', '/api/devices/bulk/validate', csv(body))
export const importDevices = (body: string) => call<t.ImportResult>('POST', '/api/devices/bulk/import', csv(body))
export const exportDevices = async () => (await request('GET', '/api/devices/export.csv')).blob()

/** Readings */
export const getLatest = (id: string, signal?: Signal) =>
  call<t.Latest>('GET', `${device(id)}/telemetry/latest`, signalled(signal))
export const listKeys = (id: string) => call<readonly t.KeyInfo[]>('GET', `${device(id)}/keys`)
export const getRange = (id: string, query: { readonly from: number; readonly limit?: number }, signal?: Signal) =>
  call<Readonly<Record<string, readonly t.Point[]>>>('GET', `${device(id)}/telemetry/range`, {
    query,
    ...signalled(signal),
  })
export interface SeriesQuery {
  readonly deviceIds: readonly string[]
  readonly keys?: readonly string[]
  readonly from: number
  readonly to?: number
  readonly aggregation: string
  readonly maxDataPoints?: number
}
export const querySeries = (json: SeriesQuery, signal?: Signal) =>
  call<t.SeriesAnswer>('POST', '/api/v1/telemetry/query', { json, ...signalled(signal) })

/** Attributes and commands */
export const listAttributes = (id: string) => call<readonly t.Attribute[]>('GET', `${device(id)}/attributes`)
export const saveAttributes = (id: string, scope: t.Scope, attributes: Readonly<Record<string, unknown>>) =>
  call<readonly t.Attribute[]>('POST', `${device(id)}/attributes`, { json: { scope, attributes } })
export const deleteAttribute = (id: string, scope: t.Scope, key: string) =>
  call<void>('DELETE', `${device(id)}/attributes/${scope}/${encodeURIComponent(key)}`)
export const listCommands = (id: string) =>
  call<{ readonly items: readonly t.CommandRecord[] }>('GET', `${device(id)}/commands`, { query: { limit: 50 } })
export const sendCommand = (id: string, json: CommandInput) =>
  call<t.CommandAnswer>('POST', `${device(id)}/commands`, { json })
export const cancelCommand = (id: string, commandId: string) =>
  call<t.CommandRecord>('DELETE', `${device(id)}/commands/${encodeURIComponent(commandId)}`)

/** Ways in */
export const getCatalog = () => call<t.Catalog>('GET', '/api/v1/connectivity/catalog')
export const getWebhooks = () => call<t.Webhooks>('GET', integrations)
export const updateWebhooks = (json: Partial<t.WebhookSettings>) => call<t.Webhooks>('PATCH', integrations, { json })
export const rotateSecret = (revokePrevious: boolean) =>
  call<t.NewSecret>('POST', `${integrations}/secret`, { json: { revokePrevious } })
export const revokeSecret = (which: 'all' | 'previous') =>
  call<void>('DELETE', `${integrations}/secret`, { query: { which } })
export const listInbox = (all: boolean) =>
  call<{ readonly items: readonly t.InboxEntry[]; readonly nextBefore: string | null }>(
    'GET',
    `${integrations}/inbox`,
    {
      query: { all, limit: 100 },
    },
  )
export const getInboxEntry = (id: string) => call<t.InboxBody>('GET', entry(id))
export const deleteInboxEntry = (id: string) => call<void>('DELETE', entry(id))
export const replayEntry = (id: string) => call<t.Replayed>('POST', `${entry(id)}/replay`)
export const approveEntry = (id: string, json: { readonly name?: string; readonly deviceId?: string }) =>
  call<t.Approved>('POST', `${entry(id)}/approve`, { json })

/** Tenant */
export const getTenant = () => call<t.Tenant>('GET', '/api/tenant')
export const listApiKeys = () => call<{ readonly items: readonly t.ApiKey[] }>('GET', '/api/api-keys')
export const createApiKey = (json: {
  readonly name: string
  readonly scopes: readonly string[]
  readonly expiresAt?: number
}) => call<t.ApiKey & { readonly apiKey: string }>('POST', '/api/api-keys', { json })
export const revokeApiKey = (id: string) => call<void>('DELETE', `/api/api-keys/${encodeURIComponent(id)}`)
