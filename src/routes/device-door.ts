import type { Context } from 'hono'
import { AppError } from '../domain/errors.ts'
import type { DeviceIdentity } from '../domain/principal.ts'
import type { PipelineContext } from '../pipeline/context.ts'
import { resolveChildren, resolveToken } from '../services/devices/token-cache.ts'
import { countUnknownToken, countUplink } from '../services/rate-gate.ts'
import type { AppEnv } from './app-env.ts'
import { bearerToken } from './authenticate.ts'

/** In place of a token in the path: the token comes as `Authorization: Bearer`. */
const tokenInHeader = 'me'

/**
 * The device that a request speaks for. An unknown token is answered as a rotated one is, and counted
 * against its address; a known token is never held back by what its neighbours send.
 * @throws AppError unauthenticated, quota_exceeded
 */
export function speakingDevice(c: Context<AppEnv>): Promise<DeviceIdentity> {
  return deviceOf(c, tokenOf(c))
}

/** As it stands in the path, or as `Authorization: Bearer` with `me` in its place. */
export function tokenOf(c: Context<AppEnv>): string {
  const inPath = c.req.param('deviceToken') ?? ''
  return inPath === tokenInHeader ? (bearerToken(c) ?? '') : inPath
}

/** @throws AppError unauthenticated, quota_exceeded */
export async function deviceOf(c: Context<AppEnv>, token: string): Promise<DeviceIdentity> {
  const device = await resolveToken(c.var.world, token, Date.now())
  if (device) return device
  const address = c.req.header('cf-connecting-ip') ?? 'local'
  await countUnknownToken(c.env.UNKNOWN_TOKEN_RATE, address)
  throw new AppError('unauthenticated', { detail: 'Invalid device token. (A device id is not its token.)' })
}

export function pipelineContext(c: Context<AppEnv>): PipelineContext {
  const { world, env } = { world: c.var.world, env: c.env }
  return {
    platform: world.platform,
    findChildren: (gateway, ids) => resolveChildren(world, gateway, ids, Date.now()),
    limit: (...message) => countUplink(env, ...message),
  }
}
