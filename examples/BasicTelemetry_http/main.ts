// Sends seven values every ten seconds. See README.md.
const { BASE_URL = 'http://localhost:8787', DEVICE_TOKEN, COUNT, INTERVAL_MS = '10000' } = process.env
if (!DEVICE_TOKEN) throw new Error('Set DEVICE_TOKEN to the token of your device.')
const endpoint = `${BASE_URL}/api/v1/${DEVICE_TOKEN}/telemetry`
const sends = COUNT ? Number(COUNT) : Number.POSITIVE_INFINITY

function measure(): Record<string, number> {
  const near = (value: number, spread: number) => Number((value + (Math.random() - 0.5) * spread).toFixed(2))
  const voltage = near(230, 4)
  const current = near(1.8, 0.4)
  return {
    temperature: near(24.5, 1),
    humidity: near(61, 4),
    current,
    power: Number((voltage * current).toFixed(1)),
    voltage1: voltage,
    voltage2: near(230, 4),
    voltage3: near(230, 4),
  }
}

/**
 * The server gives the reading its time. The Idempotency-Key makes a repeat harmless: if the answer is lost on
 * the way, sending the same key again stores nothing twice. 429 and 503 say when to come again.
 */
async function send(reading: Record<string, number>): Promise<void> {
  const idempotencyKey = crypto.randomUUID()
  for (let attempt = 1; attempt <= 5; attempt++) {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      body: JSON.stringify(reading),
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

const health = await fetch(`${BASE_URL}/healthz`)
console.log(health.status, await health.text())
for (let sent = 1; ; sent++) {
  await send(measure())
  if (sent >= sends) break
  await pause(Number(INTERVAL_MS))
}

export {}
