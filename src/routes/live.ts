import { Hono } from 'hono'
import * as z from 'zod'
import { limits } from '../domain/limits.ts'
import { ownDevice } from '../services/telemetry/own-devices.ts'
import type { AppEnv } from './app-env.ts'
import { operation } from './operation.ts'
import { requireOwnOrigin } from './origin.ts'
import { openSocket, requireUpgrade } from './socket.ts'

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
  /** In place of a session, for a page that cannot send its cookie or a header: used up by the attempt. */
  ticket: z.string().max(128).optional(),
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
    const { since, lastEventId, ticket, ...asked } = c.req.valid('query')
    requireUpgrade(c)
    if (ticket === undefined) requireOwnOrigin(c)
    return openSocket(c, device.deviceId, {
      kind: 'live',
      device,
      ...asked,
      ...(since !== undefined && { since }),
      ...(lastEventId !== undefined && { lastEventId }),
    })
  },
)
