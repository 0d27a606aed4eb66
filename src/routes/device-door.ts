import type { Context } from 'hono'
import { AppError } from '../domain/errors.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import type { PipelineContext } from '../pipeline/context.ts'
import { resolveChildren, resolveToken } from '../services/devices/token-cache.ts'
import type { AppEnv } from './app-env.ts'
import { bearerToken } from './authenticate.ts'

/** In place of a token in the path: the token comes as `Authorization: Bearer`. */
const tokenInHeader = 'me'

/**
 * The device that a request speaks for. An unknown token is answered as a rotated one is, and counted
 * against its address; a known token is never held back by what its neighbours send.
 * @throws AppError unauthenticated, quota_exceeded
 */
export async function speakingDevice(c: Context<AppEnv>): Promise<DeviceIdentity> {
  const inPath = c.req.param('deviceToken') ?? ''
  const token = inPath === tokenInHeader ? (bearerToken(c) ?? '') : inPath
  const device = await resolveToken(c.var.world, token, Date.now())
  if (device) return device
  const address = c.req.header('cf-connecting-ip') ?? 'local'
  await countOrRefuse(c.env.UNKNOWN_TOKEN_RATE, address, 'unknown_tokens_per_minute')
  throw new AppError('unauthenticated', { detail: 'Invalid device token. (A device id is not its token.)' })
}

export function pipelineContext(c: Context<AppEnv>): PipelineContext {
  const { world } = c.var
  return {
    platform: world.platform,
    findChildren: (gateway, ids) => resolveChildren(world, gateway, ids, Date.now()),
    async limit(speaker, children, backlog) {
      const kind = backlog ? ':backlog' : ''
      const limitName = backlog ? 'device_backlog_per_minute' : 'device_messages_per_minute'
      if (speaker.isGateway) {
        await countOrRefuse(c.env.GATEWAY_RATE, `${speaker.deviceId}${kind}`, 'gateway_messages_per_minute')
      } else await countOrRefuse(c.env.DEVICE_RATE, `${speaker.deviceId}${kind}`, limitName)
      await Promise.all(
        children.map(({ deviceId }) => countOrRefuse(c.env.DEVICE_RATE, `${deviceId}${kind}`, limitName)),
      )
    },
  }
}

/** The binding counts per Cloudflare location in windows of a minute; it does not tell what is left. */
async function countOrRefuse(rate: RateLimit, key: string, limit: string): Promise<void> {
  const { success } = await rate.limit({ key })
  if (success) return
  const retryAfter = 60 - (Math.floor(Date.now() / 1000) % 60)
  throw new AppError('quota_exceeded', {
    detail: `Too many messages (${limit}); send again after ${retryAfter} s.`,
    limit: { limit, remaining: 0, retryAfter },
  })
}
