// What is written in ten minutes: one look-up and one insert a request, each a trip to D1.
import type { D1Database } from '@cloudflare/workers-types'
import { type Context, Hono } from 'hono'

type NaiveEnv = { Bindings: { DB: D1Database } }
type Values = Record<string, number>

async function store(c: Context<NaiveEnv>, items: readonly { telemetry: Values; ts?: number }[]) {
  const { DB } = c.env
  const device = await DB.prepare('SELECT id FROM devices WHERE token = ?')
    .bind(c.req.param('token'))
    .first<{ id: string }>()
  if (!device) return c.json({ error: 'Unknown token' }, 401)
  const insert = DB.prepare('INSERT INTO telemetry (device_id, key, ts, value) VALUES (?, ?, ?, ?)')
  const rows = items.flatMap(({ telemetry, ts = Date.now() }) =>
    Object.entries(telemetry).map(([key, value]) => insert.bind(device.id, key, ts, value)),
  )
  await DB.batch(rows)
  return c.json({ accepted: items.length })
}

export default new Hono<NaiveEnv>()
  .post('/noop', (c) => c.body(null, 204))
  .put('/devices', async (c) => {
    const insert = c.env.DB.prepare('INSERT INTO devices (id, token) VALUES (?1, ?1)')
    await c.env.DB.batch((await c.req.json<string[]>()).map((token) => insert.bind(token)))
    return c.body(null, 204)
  })
  .post('/api/v1/:token/telemetry', async (c) => store(c, [{ telemetry: await c.req.json<Values>() }]))
  .post('/api/v1/:token/telemetry/batch', async (c) => {
    const { items } = await c.req.json<{ items: { telemetry: Values; ts?: number }[] }>()
    return store(c, items)
  })
