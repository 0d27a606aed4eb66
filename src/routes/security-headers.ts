import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from './app-env.ts'

/** An answer of the interface is no page: nothing in it is run, shown in a frame, taken for another type, or kept. */
const ofAnswers = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
}

const kept = new Set(['/api/openapi.json', '/api/errors', '/api/plans'])

/**
 * Pages have their own headers (src/web/_headers, which the platform sets). Devices are no browsers and pay for each byte:
 * `/api/v1` says what is needed when somebody opens such an address. The headers of a 101 are no answer's.
 */
export const securityHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next()
  if (c.res.status === 101) return
  const { headers } = c.res
  headers.set('x-content-type-options', 'nosniff')
  if (c.req.path.startsWith('/api/v1/')) return
  for (const [name, value] of Object.entries(ofAnswers)) headers.set(name, value)
  if (!kept.has(c.req.path) && !headers.has('cache-control')) headers.set('cache-control', 'no-store')
}
