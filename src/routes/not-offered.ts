import { Hono } from 'hono'
import { AppError } from '../domain/errors.ts'
import type { AppEnv } from './app-env.ts'
import { describe } from './operation.ts'

/** What existing clients ask for and is not here: a plain answer that says what to use in its place. */
function notOffered(id: string, summary: string, detail: string) {
  const spec = { id, summary, tag: 'Not offered', permission: 'public', errors: ['not_offered'] } as const
  return describe(spec, (): Response => {
    throw new AppError('not_offered', { detail })
  })
}

const live = 'Socket.IO is not offered; watch a device with a WebSocket: GET /api/devices/{id}/live.'
const files = 'Files for devices are not served yet; the attributes fw_* and fw_state work as any attributes.'

export const notOfferedRoutes = new Hono<AppEnv>()
  // Hono takes /socket.io itself as well.
  .get('/socket.io/*', notOffered('socket-io', 'Socket.IO is not offered', live))
  .get('/api/v1/:deviceToken/firmware', notOffered('device-firmware', 'Firmware is not served yet', files))
  .get('/api/v1/:deviceToken/software', notOffered('device-software', 'Software is not served yet', files))
