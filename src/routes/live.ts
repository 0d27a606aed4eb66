import { Hono } from 'hono'
import * as z from 'zod'
import { limits } from '../domain/limits.ts'
import { ownDevice } from '../services/telemetry/own-devices.ts'
import type { AppEnv } from './app-env.ts'
import { operation } from './operation.ts'
import { openSocket, requireOwnOrigin, requireUpgrade } from './socket.ts'

const liveQuery = z.object({
  keys: z
    .string()
    .max(4096)
    .optional()
    .transform((text) => text?.split(',').filter((key) => key !== '') ?? []),
  /** Epoch ms. */
  since: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(0).max(limits.liveHistoryMost).default(limits.liveHistory),
  lastEventId: z.string().max(64).optional(),
})

/** What happens to a device as it happens (docs/live.md). */
export const liveRoutes = new Hono<AppEnv>().get(
  '/api/devices/:id/live',
  operation({
    id: 'watch-device',
    summary: 'A WebSocket that tells the history asked for, then everything as it happens.',
    tag: 'Devices',
    permission: 'read',
    query: liveQuery,
    errors: ['device_not_found', 'upgrade_required', 'unavailable'],
  }),
  async (c) => {
    const device = await ownDevice(c.var.ctx, c.req.param('id'))
    requireUpgrade(c)
    requireOwnOrigin(c)
    const { since, lastEventId, ...asked } = c.req.valid('query')
    return openSocket(c, device.deviceId, {
      kind: 'live',
      device,
      ...asked,
      ...(since !== undefined && { since }),
      ...(lastEventId !== undefined && { lastEventId }),
    })
  },
)
