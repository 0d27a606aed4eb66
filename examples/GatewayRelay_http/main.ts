// A gateway sends for its child every 15 seconds. See README.md.
const { BASE_URL = 'http://localhost:8787', DEVICE_TOKEN, CHILD_DEVICE_ID, COUNT, INTERVAL_MS = '15000' } = process.env
if (!DEVICE_TOKEN) throw new Error('Set DEVICE_TOKEN to the token of the gateway.')
if (!CHILD_DEVICE_ID) throw new Error('Set CHILD_DEVICE_ID to the device id (not the token) of the child.')
const endpoint = `${BASE_URL}/api/v1/${DEVICE_TOKEN}/telemetry`
const sends = COUNT ? Number(COUNT) : Number.POSITIVE_INFINITY

function measure(): Record<string, number> {
  const near = (value: number, spread: number) => Number((value + (Math.random() - 0.5) * spread).toFixed(2))
  return { temperature: near(4, 1), humidity: near(80, 4) }
}

/** The Idempotency-Key makes a repeat harmless: the same key again stores nothing twice. */
async function relay(telemetry: Record<string, number>): Promise<void> {
  const idempotencyKey = crypto.randomUUID()
  for (let attempt = 1; attempt <= 5; attempt++) {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      body: JSON.stringify({ childDeviceId: CHILD_DEVICE_ID, telemetry }),
      signal: AbortSignal.timeout(25_000),
    }).catch(() => undefined)
    if (response) console.log(response.status, await response.text())
    else console.log('No answer.')
    if (response && response.status !== 429 && response.status !== 503) return
    await pause(Number(response?.headers.get('retry-after') ?? 2 ** attempt) * 1000)
  }
  console.log('Given up on this reading.')
}

function pause(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, ms))
}

for (let sent = 1; ; sent++) {
  await relay(measure())
  if (sent >= sends) break
  await pause(Number(INTERVAL_MS))
}

export {}
