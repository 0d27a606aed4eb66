import { type Context, Hono } from 'hono'
import { AppError } from '../domain/errors.ts'
import type { AppEnv } from './app-env.ts'
import { describe } from './operation.ts'
import { regionOf } from './region.ts'
import { requireUpgrade } from './socket.ts'

const spec = {
  id: 'mqtt',
  summary: 'MQTT 3.1.1 and 5.0 over WebSocket, sub-protocol "mqtt" (docs/mqtt.md).',
  tag: 'Device',
  permission: 'public',
  errors: ['upgrade_required', 'validation_rejected', 'unavailable'],
} as const

/** Which broker takes the socket never matters, so nothing of it is remembered. Who speaks is said in the CONNECT. */
async function openMqtt(c: Context<AppEnv>): Promise<Response> {
  requireUpgrade(c)
  requireProtocol(c)
  return c.var.world.platform.openMqtt({
    region: regionOf(c.req.raw.cf),
    // Not the client's address: a factory or a carrier behind one address would share one broker.
    key: c.req.header('sec-websocket-key') ?? crypto.randomUUID(),
    address: c.req.header('cf-connecting-ip') ?? 'local',
  })
}

/**
 * [MQTT-6.0.0-3] One is chosen of those that are offered: `mqtt`, which stands for 3.1.1 and 5.0. `mqttv3.1` is the
 * protocol before them, which is not spoken here.
 */
function requireProtocol(c: Context<AppEnv>): void {
  const offered = (c.req.header('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim())
  if (offered.includes('mqtt')) return
  const detail = 'Offer the WebSocket sub-protocol "mqtt": MQTT 3.1.1 or 5.0.'
  throw new AppError('validation_rejected', { reason: 'field_invalid', detail })
}

export const mqttRoutes = new Hono<AppEnv>().get('/mqtt', describe(spec, openMqtt))
