// Answers commands over MQTT. See README.md.
import mqtt from 'mqtt'

const { BASE_URL = 'http://localhost:8787', DEVICE_TOKEN, COUNT } = process.env
if (!DEVICE_TOKEN) throw new Error('Set DEVICE_TOKEN to the token of your device.')
const device = `devices/${DEVICE_TOKEN}`
const most = COUNT ? Number(COUNT) : Number.POSITIVE_INFINITY

interface Request {
  readonly requestId: string
  readonly method: string
  readonly params: Record<string, unknown>
}
type Answer = Record<string, unknown>

const startedAt = Date.now()
const values: Record<string, unknown> = {}
/** Of commands that were carried out: one that comes again is answered again and not done again. */
const answers = new Map<string, Answer>()

const methods: Record<string, (params: Record<string, unknown>) => Answer> = {
  ping: () => ({ success: true, pong: true }),
  getStatus: () => ({ success: true, uptime: Date.now() - startedAt, values }),
  setValue: ({ key, value }) => {
    values[String(key)] = value
    return { success: true, key, value }
  },
  relay_set: ({ channel, state }) => {
    values[`channel${channel}`] = state
    return { success: true, channel, state }
  },
}

function carryOut({ requestId, method, params }: Request): Answer {
  const known = answers.get(requestId)
  if (known) return known
  const answer = methods[method]?.(params) ?? { success: false, message: 'Unknown method', method }
  answers.set(requestId, answer)
  return answer
}

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
client.on('connect', () => client.subscribe(`${device}/rpc/request/+`, { qos: 1 }))

client.on('message', async (topic, payload) => {
  const request = JSON.parse(payload.toString()) as Request
  const answer = carryOut(request)
  console.log(request.method, JSON.stringify(request.params), '→', JSON.stringify(answer))
  const id = topic.slice(topic.lastIndexOf('/') + 1)
  await client.publishAsync(`${device}/rpc/response/${id}`, JSON.stringify(answer), { qos: 1 })
  if (answers.size >= most) done()
})

await enough
await client.endAsync()
