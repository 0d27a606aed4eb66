import type { Hono } from 'hono'
import type { AppEnv } from './app-env.ts'
import { operationOf } from './operation.ts'

/** The methods that the app answers at this path. */
export function methodsOf(app: Hono<AppEnv>, path: string): string[] {
  return ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) =>
    app.router.match(method, path)[0].some(([[handler]]) => operationOf(handler) !== undefined),
  )
}
