import { runInDurableObject } from 'cloudflare:test'
import { env, exports } from 'cloudflare:workers'
import type { DeviceId } from '../../src/domain/ids.ts'
import { laneStub } from '../../src/objects/stubs.ts'
import type { TelemetryWriter } from '../../src/objects/telemetry-writer.ts'
import { secretsMade } from './leaks.ts'

export const setupToken = 'test-setup-token'
const origin = 'https://edge.test'

export interface TestDevice {
  readonly deviceId: DeviceId
  readonly token: string
}

export interface TestTenant {
  readonly tenantId: string
  readonly apiKey: string
  api(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
  device(fields?: Record<string, unknown>): Promise<TestDevice>
}

export function request(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  return exports.default.fetch(new Request(`${origin}${path}`, { method, ...init }))
}

/** Each test mints its own tenant: no test sees another's rows. */
export async function newTenant(fields: Record<string, unknown> = {}): Promise<TestTenant> {
  const made = await request('POST', '/api/tenants', {
    headers: { authorization: `Bearer ${setupToken}` },
    body: JSON.stringify({ name: 'Test', ...fields }),
  })
  const { tenantId, apiKey } = await made.json<{ tenantId: string; apiKey: string }>()
  const api: TestTenant['api'] = (method, path, body, headers = {}) =>
    request(method, path, {
      headers: { authorization: `Bearer ${apiKey}`, ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  return {
    tenantId,
    apiKey,
    api,
    async device(fields = {}) {
      const response = await api('POST', '/api/devices', { name: 'A device', ...fields })
      if (response.status !== 201) throw new Error(await response.text())
      const device = await response.json<TestDevice>()
      secretsMade.add(device.token)
      return device
    },
  }
}

export function send(token: string, body: BodyInit | object, headers: Record<string, string> = {}, path = 'telemetry') {
  const isBody = typeof body === 'string' || body instanceof Uint8Array
  return request('POST', `/api/v1/${token}/${path}`, {
    headers: { 'content-type': 'application/json', ...headers },
    body: isBody ? (body as BodyInit) : JSON.stringify(body),
  })
}

export interface Receipt {
  readonly success: true
  readonly accepted: number
  readonly ts?: number
  readonly rejected: { readonly index: number; readonly code: string; readonly reason?: string }[]
}

export interface Problem {
  readonly status: number
  readonly code: string
  readonly reason?: string
  readonly detail: string
  readonly retryable: boolean
  readonly statusCode: number
  readonly message: string
}

export interface StoredRow {
  readonly ts: number
  readonly values: Record<string, unknown>
  readonly mark: string | null
}

/** History as it lies in the database, oldest first. */
export async function history(deviceId: string): Promise<StoredRow[]> {
  const { results } = await env.TELEMETRY_0.prepare(
    'SELECT ts, "values", mark FROM telemetry WHERE device_id = ? ORDER BY ts',
  )
    .bind(deviceId)
    .all<{ ts: number; values: string; mark: string | null }>()
  return results.map((row) => ({ ...row, values: JSON.parse(row.values) as Record<string, unknown> }))
}

export function laneOf(deviceId: DeviceId): DurableObjectStub<TelemetryWriter> {
  return laneStub(env, 0, deviceId)
}

/** Puts a database that misbehaves in the place of a lane's own; returns the way back. */
export async function replaceDatabase(
  deviceId: DeviceId,
  wrap: (db: D1Database) => D1Database,
): Promise<() => Promise<void>> {
  const stub = laneOf(deviceId)
  const swap = (database: D1Database) =>
    runInDurableObject(stub, (lane: TelemetryWriter) => {
      lane.database = database
    })
  await swap(wrap(env.TELEMETRY_0))
  return () => swap(env.TELEMETRY_0)
}
