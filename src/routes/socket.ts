import type { Context } from 'hono'
import { AppError, type Fault, fromFault } from '../domain/errors.ts'
import type { DeviceId } from '../domain/ids.ts'
import type { SocketOpening } from '../services/ports.ts'
import type { AppEnv } from './app-env.ts'

export function isUpgrade(c: Context): boolean {
  return c.req.header('upgrade')?.toLowerCase() === 'websocket'
}

/** @throws AppError upgrade_required */
export function requireUpgrade(c: Context): void {
  if (isUpgrade(c)) return
  throw new AppError('upgrade_required', { detail: 'Connect here with a WebSocket client (wss://…).' })
}

/** @throws AppError as the device's object says */
export async function openSocket(c: Context<AppEnv>, deviceId: DeviceId, opening: SocketOpening): Promise<Response> {
  const response = await c.var.world.platform.openSocket(deviceId, opening)
  if (response.status === 101) return response
  throw fromFault(await response.json<Fault>())
}
