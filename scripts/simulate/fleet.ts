import type { SimDevice } from './way.ts'

interface DeviceAnswer {
  readonly deviceId: string
  readonly name: string
  readonly token?: string
  readonly integration: { readonly lorawan: { readonly dev_eui: string | null } }
}

/** One call of the REST interface. @throws Error with the server's own words */
export async function callApi<T>(
  url: string,
  apiKey: string,
  body?: unknown,
  method = body === undefined ? 'GET' : 'POST',
): Promise<{ body: T; headers: Headers }> {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  }).catch((cause: unknown) => {
    throw new Error(`${new URL(url).origin} does not answer.`, { cause })
  })
  const answer = (await response.json()) as T & { detail?: string }
  if (!response.ok) throw new Error(`${new URL(url).pathname}: ${response.status} ${answer.detail ?? ''}`)
  return { body: answer, headers: response.headers }
}

/** Makes, or finds again by name, the devices sim-1, sim-2, … */
export async function findFleet(baseUrl: string, apiKey: string, count: number): Promise<SimDevice[]> {
  const found = await listSimDevices(baseUrl, apiKey)
  const fleet: SimDevice[] = []
  for (let number = 1; number <= count; number++) {
    const name = `sim-${number}`
    const devEui = `51d0${number.toString(16).padStart(12, '0')}`
    const integration = { lorawan: { dev_eui: devEui } }
    const device =
      found.get(name) ??
      (await callApi<DeviceAnswer>(`${baseUrl}/api/devices`, apiKey, { name, deviceType: 'simulated', integration }))
        .body
    const { deviceId, token } = device
    if (device.integration.lorawan.dev_eui !== devEui) {
      await callApi(`${baseUrl}/api/devices/${deviceId}`, apiKey, { integration }, 'PATCH')
    }
    if (token === undefined) throw new Error('The API key needs the scope "write": only then it sees device tokens.')
    fleet.push({ id: deviceId, name, token, devEui })
  }
  return fleet
}

async function listSimDevices(baseUrl: string, apiKey: string): Promise<Map<string, DeviceAnswer>> {
  const found = new Map<string, DeviceAnswer>()
  let cursor: string | null = null
  do {
    const page: URL = new URL('/api/devices?search=sim-&limit=500', baseUrl)
    if (cursor !== null) page.searchParams.set('cursor', cursor)
    const answer = await callApi<{ items: DeviceAnswer[]; nextCursor: string | null }>(page.href, apiKey)
    for (const device of answer.body.items) if (!found.has(device.name)) found.set(device.name, device)
    cursor = answer.body.nextCursor
  } while (cursor !== null)
  return found
}
