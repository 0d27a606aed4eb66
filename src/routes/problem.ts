import type { Context } from 'hono'
import { errorCatalog } from '../domain/errors.ts'
import { log } from '../log.ts'
import { toAppError } from '../services/to-app-error.ts'
import type { AppEnv } from './app-env.ts'

/** RFC 9457, with `code` and `retryable`, and `statusCode` and `message` for existing apps. Logs once. */
export function problem(c: Context<AppEnv>, thrown: unknown): Response {
  const error = toAppError(thrown)
  const { title, status, retryable } = errorCatalog[error.code]
  if (status >= 500 && error.code !== 'not_offered') {
    log(error.code === 'internal' ? 'error' : 'warn', 'request_failed', {
      code: error.code,
      request_id: c.var.requestId,
      method: c.req.method,
      cause: error.cause,
    })
  }
  const body = {
    type: `/api/errors#${error.code}`,
    title,
    status,
    detail: error.detail,
    instance: `urn:request:${c.var.requestId}`,
    code: error.code,
    ...(error.reason && { reason: error.reason }),
    retryable,
    ...(error.limit && {
      limit: error.limit.limit,
      remaining: error.limit.remaining,
    }),
    ...(error.errors && { errors: error.errors }),
    ...error.members,
    statusCode: status,
    message: error.detail,
  }
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
  }
  if (error.retryAfter !== undefined) headers['retry-after'] = String(error.retryAfter)
  if (error.code === 'unauthenticated') headers['www-authenticate'] = 'Bearer'
  return c.body(JSON.stringify(body), status, headers)
}
