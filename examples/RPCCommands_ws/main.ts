// Answers commands over one WebSocket. See README.md.
const { BASE_URL = 'http://localhost:8787', DEVICE_TOKEN, COUNT } = process.env
if (!DEVICE_TOKEN) throw new Error('Set DEVICE_TOKEN to the token of your device.')
const endpoint = `${BASE_URL.replace(/^http/, 'ws')}/api/v1/${DEVICE_TOKEN}/ws`
const most = COUNT ? Number(COUNT) : Number.POSITIVE_INFINITY

interface Request {
  readonly type: string
  readonly requestId: string
  readonly method: string
  readonly params: Record<string, unknown>
}
type Answer = Record<string, unknown>

const startedAt = Date.now()
const values: Record<string, unknown> = {}
/** Of commands that were carried out: one that comes again is answered again and not done again. */
const done = new Map<string, Answer>()

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
  const known = done.get(requestId)
  if (known) return known
  const answer = methods[method]?.(params) ?? { success: false, message: 'Unknown method', method }
  done.set(requestId, answer)
  return answer
}

function listen(): Promise<boolean> {
  const socket = new WebSocket(endpoint)
  return new Promise((resolve) => {
    socket.addEventListener('open', () => console.log('Connected.'))
    socket.addEventListener('error', () => resolve(false))
    socket.addEventListener('close', () => resolve(false))
    socket.addEventListener('message', ({ data }) => {
      const frame = JSON.parse(String(data)) as Request
      if (frame.type !== 'rpc_request') return
      const answer = carryOut(frame)
      console.log(frame.method, JSON.stringify(frame.params), '→', JSON.stringify(answer))
      socket.send(JSON.stringify({ type: 'rpc_response', requestId: frame.requestId, ...answer }))
      if (done.size < most) return
      resolve(true)
      setTimeout(() => socket.close(), 100) // the answer goes out first
    })
  })
}

while (!(await listen())) await new Promise((wake) => setTimeout(wake, 1_000 + Math.random() * 4_000))

export {}
