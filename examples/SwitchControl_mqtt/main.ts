// Switches four channels as the platform desires, and confirms what it did. See README.md.
import mqtt from 'mqtt'

const { BASE_URL = 'http://localhost:8787', DEVICE_TOKEN, COUNT } = process.env
if (!DEVICE_TOKEN) throw new Error('Set DEVICE_TOKEN to the token of your device.')
const device = `devices/${DEVICE_TOKEN}`
const keys = ['channel1', 'channel2', 'channel3', 'channel4']
/** Stop after so many changes. */
const most = COUNT ? Number(COUNT) : Number.POSITIVE_INFINITY

const switched: Record<string, unknown> = {}
let changes = 0
let done = () => {}
const enough = new Promise<void>((resolve) => {
  done = resolve
})

const client = mqtt.connect(`${BASE_URL.replace(/^http/, 'ws')}/mqtt`, {
  username: DEVICE_TOKEN,
  clientId: DEVICE_TOKEN,
  reconnectPeriod: 1_000 + Math.random() * 4_000,
})
client.on('error', (error) => console.log(String(error)))

// What is desired comes as soon as it is subscribed, whole; then each change as it is made.
client.on('connect', () => client.subscribe(`${device}/attributes/shared`, { qos: 1 }))

client.on('message', async (_topic, payload) => {
  const desired = JSON.parse(payload.toString()) as Record<string, unknown>
  for (const key of keys) {
    const value = desired[key]
    if (value === undefined || switched[key] === value) continue
    switched[key] = value
    // The same key as a client attribute: the app compares the two.
    await client.publishAsync(`${device}/attributes/client`, JSON.stringify({ [key]: value }), { qos: 1 })
    console.log(key, '→', value)
    if (++changes >= most) done()
  }
})

await enough
await client.endAsync()
