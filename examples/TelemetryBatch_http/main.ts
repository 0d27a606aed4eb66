// Collects three readings, each with its time, and sends them together every 30 seconds. See README.md.
interface Item {
  readonly telemetry: Record<string, number>
  readonly ts: number
}

const { BASE_URL = 'http://localhost:8787', DEVICE_TOKEN, COUNT, INTERVAL_MS = '30000' } = process.env
if (!DEVICE_TOKEN) throw new Error('Set DEVICE_TOKEN to the token of your device.')
const endpoint = `${BASE_URL}/api/v1/${DEVICE_TOKEN}/telemetry/batch`
const sends = COUNT ? Number(COUNT) : Number.POSITIVE_INFINITY
const itemsPerBatch = 3

function measure(): Item {
  const near = (value: number, spread: number) => Number((value + (Math.random() - 0.5) * spread).toFixed(2))
  return { telemetry: { temperature: near(24.5, 1), humidity: near(61, 4) }, ts: Date.now() }
}

/** Each reading carries its own time, so sending a batch again stores nothing twice. */
async function send(items: readonly Item[]): Promise<void> {
  for (let attempt = 1; attempt <= 5; attempt++) {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items }),
      signal: AbortSignal.timeout(25_000),
    }).catch(() => undefined)
    if (response) console.log(response.status, await response.text())
    else console.log('No answer.')
    if (response && response.status !== 429 && response.status !== 503) return
    await pause(Number(response?.headers.get('retry-after') ?? 2 ** attempt) * 1000)
  }
  console.log('Given up on this batch.')
}

function pause(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, ms))
}

for (let sent = 1; ; sent++) {
  const items: Item[] = []
  while (items.length < itemsPerBatch) {
    await pause(Number(INTERVAL_MS) / itemsPerBatch)
    items.push(measure())
  }
  await send(items)
  if (sent >= sends) break
}

export {}
