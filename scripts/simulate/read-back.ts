import { callApi } from './fleet.ts'
import type { SimDevice, SimReading } from './way.ts'

export interface ReadBack {
  readonly found: number
  readonly missing: readonly { readonly device: string; readonly ts: number; readonly why: string }[]
}

type Series = Readonly<Record<string, readonly (readonly [ts: number, value: unknown])[]>>

/** Every acknowledged reading must stand in the device's history, with every value that was sent. */
export async function readBack(
  baseUrl: string,
  apiKey: string,
  acknowledged: ReadonlyMap<SimDevice, readonly SimReading[]>,
): Promise<ReadBack> {
  let found = 0
  const missing: { device: string; ts: number; why: string }[] = []
  for (const [device, readings] of acknowledged) {
    const stored = await readHistory(baseUrl, apiKey, device, readings)
    for (const { ts, values } of readings) {
      const reading = stored.get(ts)
      const differing = Object.keys(values).filter((key) => reading?.get(key) !== values[key])
      if (reading && differing.length === 0) found++
      else missing.push({ device: device.name, ts, why: reading ? `differs in ${differing.join(', ')}` : 'not there' })
    }
  }
  return { found, missing }
}

/** The device's readings by time, page by page: X-Next-To is where the next older page ends. */
async function readHistory(
  baseUrl: string,
  apiKey: string,
  { id }: SimDevice,
  readings: readonly SimReading[],
): Promise<Map<number, Map<string, unknown>>> {
  const stored = new Map<number, Map<string, unknown>>()
  if (readings.length === 0) return stored
  const times = readings.map(({ ts }) => ts)
  const from = times.reduce((a, b) => Math.min(a, b))
  let to: number | null = times.reduce((a, b) => Math.max(a, b))
  while (to !== null) {
    const url: string = `${baseUrl}/api/devices/${id}/telemetry/range?from=${from}&to=${to}&limit=5000`
    const { body, headers } = await callApi<Series>(url, apiKey)
    for (const [key, points] of Object.entries(body)) {
      for (const [ts, value] of points) {
        const reading = stored.get(ts) ?? new Map<string, unknown>()
        stored.set(ts, reading.set(key, value))
      }
    }
    const next: string | null = headers.get('x-next-to')
    to = next === null ? null : Number(next)
  }
  return stored
}
