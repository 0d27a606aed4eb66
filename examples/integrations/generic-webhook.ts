// Posts a reading for a device, by its token and then by its id. See README.md.
const { BASE_URL = 'http://localhost:8787', TENANT_ID, WEBHOOK_SECRET, DEVICE_TOKEN, EXTERNAL_DEVICE_ID } = process.env
if (!TENANT_ID) throw new Error('Set TENANT_ID to the id of your tenant.')
if (!WEBHOOK_SECRET) throw new Error('Set WEBHOOK_SECRET to the webhook secret of your tenant.')
if (!DEVICE_TOKEN) throw new Error('Set DEVICE_TOKEN to the token of your device.')
const endpoint = `${BASE_URL}/api/v1/integrations/generic/telemetry?tenantId=${TENANT_ID}`
const headers = { 'content-type': 'application/json', 'x-webhook-secret': WEBHOOK_SECRET }

/** With its time in the body a reading is stored once, however often it is sent. */
async function post(body: unknown): Promise<void> {
  for (let attempt = 1; attempt <= 5; attempt++) {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(25_000),
    }).catch(() => undefined)
    if (response) console.log(response.status, await response.text())
    if (response?.ok) return
    if (response && response.status !== 429 && response.status !== 503) break
    await new Promise((wake) => setTimeout(wake, Number(response?.headers.get('retry-after') ?? 2 ** attempt) * 1000))
  }
  throw new Error('The reading was not taken.')
}

const ts = Date.now()
await post({ deviceToken: DEVICE_TOKEN, ts, temperature: 24.5, humidity: 61 })
if (EXTERNAL_DEVICE_ID) await post({ externalDeviceId: EXTERNAL_DEVICE_ID, telemetry: { pressure: 1013.2 }, ts })

export {}
