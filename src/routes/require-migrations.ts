import type { MiddlewareHandler } from 'hono'
import { AppError } from '../domain/errors.ts'
import { checkHealth } from '../services/check-health.ts'
import type { AppEnv } from './app-env.ts'

/** Long enough for a healthy database; a slow one must not hold back what the door can do without it. */
const patienceMs = 1_000
let migrated = false

/**
 * Until the migrations are applied every route answers a 503 that names the command. Asked once an isolate;
 * a database that does not answer says nothing about migrations, so the request goes on.
 */
export const requireMigrations: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (!migrated) {
    const check = checkHealth({ world: c.var.world }).then(
      ({ registry, telemetry }) => {
        migrated = registry === 'ok' && telemetry === 'ok'
        return undefined
      },
      (error: unknown) => error,
    )
    const pending = await Promise.race([check, new Promise<undefined>((resolve) => setTimeout(resolve, patienceMs))])
    if (pending instanceof AppError) throw pending
  }
  await next()
}
