// Publishes seven values every ten seconds with MQTT over WebSocket. See README.md.
import mqtt from 'mqtt'

const { BASE_URL = 'http://localhost:8787', DEVICE_TOKEN, COUNT, INTERVAL_MS = '10000' } = process.env
if (!DEVICE_TOKEN) throw new Error('Set DEVICE_TOKEN to the token of your device.')
const sends = COUNT ? Number(COUNT) : Number.POSITIVE_INFINITY
const topic = `devices/${DEVICE_TOKEN}/telemetry`

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

/** It connects again by itself, and sends again what was not acknowledged. */
const client = await mqtt.connectAsync(`${BASE_URL.replace(/^http/, 'ws')}/mqtt`, {
  username: DEVICE_TOKEN,
  clientId: DEVICE_TOKEN,
  keepalive: 60,
  // Not all at once after an outage.
  reconnectPeriod: 1_000 + Math.random() * 4_000,
})
client.on('error', (error) => console.log(String(error)))

for (let sent = 1; ; sent++) {
  const reading = JSON.stringify(measure())
  // Resolves with the PUBACK, which comes when the reading is stored.
  await client.publishAsync(topic, reading, { qos: 1 })
  console.log('stored', reading)
  if (sent >= sends) break
  await new Promise((wake) => setTimeout(wake, Number(INTERVAL_MS)))
}
await client.endAsync()
