import { type Context, Hono } from 'hono'
import type { AppEnv } from './app-env.ts'
import { deviceOf, tokenOf } from './device-door.ts'
import { relayByFirstFrame } from './device-relay.ts'
import { describe, type Operation } from './operation.ts'
import { isUpgrade, openSocket, requireUpgrade } from './socket.ts'

const spec = {
  summary: 'The device WebSocket (docs/device-websocket.md).',
  tag: 'Device',
  permission: 'device',
  errors: ['unauthenticated', 'upgrade_required', 'quota_exceeded', 'unavailable'],
} satisfies Omit<Operation, 'id'>

/** Straight to the device's object, which holds the socket and may hibernate. */
async function openOwn(c: Context<AppEnv>): Promise<Response> {
  requireUpgrade(c)
  const token = tokenOf(c)
  const { deviceId } = await deviceOf(c, token)
  return openSocket(c, deviceId, { kind: 'device', deviceId, token })
}

/** For clients that name themselves in their first frame. The second-best door: the Worker stays in between. */
async function openByFirstFrame(c: Context<AppEnv>): Promise<Response> {
  requireUpgrade(c)
  return relayByFirstFrame(c)
}

/** Older clients upgrade on `/`, where people find the web app. */
function openOnRoot(c: Context<AppEnv>): Response | Promise<Response> {
  return isUpgrade(c) ? relayByFirstFrame(c) : c.env.ASSETS.fetch(c.req.raw)
}

export const deviceSocketRoutes = new Hono<AppEnv>()
  .get('/api/v1/:deviceToken/ws', describe({ ...spec, id: 'device-socket' }, openOwn))
  .get('/ws', describe({ ...spec, permission: 'public', id: 'device-socket-by-first-frame' }, openByFirstFrame))
  .get('/', describe({ ...spec, permission: 'public', id: 'device-socket-on-root' }, openOnRoot))
