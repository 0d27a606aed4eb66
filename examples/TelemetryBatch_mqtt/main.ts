// Publishes a burst of twenty readings, 120 ms apart, every 30 seconds. See README.md.
import mqtt from 'mqtt'

const { BASE_URL = 'http://localhost:8787', DEVICE_TOKEN, COUNT, INTERVAL_MS = '30000' } = process.env
if (!DEVICE_TOKEN) throw new Error('Set DEVICE_TOKEN to the token of your device.')
const bursts = COUNT ? Number(COUNT) : Number.POSITIVE_INFINITY
const topic = `devices/${DEVICE_TOKEN}/telemetry`
const readingsPerBurst = 20
const gapMs = 120

const pause = (ms: number) => new Promise((wake) => setTimeout(wake, ms))
const near = (value: number, spread: number) => Number((value + (Math.random() - 0.5) * spread).toFixed(2))

const client = await mqtt.connectAsync(`${BASE_URL.replace(/^http/, 'ws')}/mqtt`, {
  username: DEVICE_TOKEN,
  clientId: DEVICE_TOKEN,
  reconnectPeriod: 1_000 + Math.random() * 4_000,
})
client.on('error', (error) => console.log(String(error)))

for (let burst = 1; ; burst++) {
  const stored: Promise<unknown>[] = []
  for (let n = 0; n < readingsPerBurst; n++) {
    // With its own time a reading is stored once, however often it is sent.
    const reading = { ts: Date.now(), values: { temperature: near(24.5, 1), humidity: near(61, 4) } }
    stored.push(client.publishAsync(topic, JSON.stringify(reading), { qos: 1 }))
    await pause(gapMs)
  }
  await Promise.all(stored)
  console.log(`${readingsPerBurst} readings stored`)
  if (burst >= bursts) break
  await pause(Number(INTERVAL_MS))
}
await client.endAsync()
