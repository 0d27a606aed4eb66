import type { Context, Handler, MiddlewareHandler } from 'hono'
import type { BlankInput } from 'hono/types'
import type * as z from 'zod'
import { parseJson } from '../codec/json.ts'
import { AppError, type ErrorCode, type FieldError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { recordChange } from '../services/audit/record-change.ts'
import type { Change } from '../services/context.ts'
import type { AppEnv } from './app-env.ts'
import { authenticate } from './authenticate.ts'
import { readBody } from './body.ts'
import { safeMethods } from './origin.ts'
import type { Demand } from './permission.ts'

/**
 * One operation of the REST interface: the same value authorises the call, validates it and describes it in
 * the OpenAPI document. Every route has one; a test walks the app and fails on a route without.
 */
export interface Operation extends Demand {
  readonly id: string
  readonly summary: string
  readonly tag: string
  /** It changes nothing, though its method may: the audit log has no line of it. */
  readonly isRead?: true
  readonly query?: z.ZodType
  readonly json?: z.ZodType
  /** What the body is where it is no JSON: it is read by the handler. */
  readonly consumes?: readonly string[]
  readonly status?: 200 | 201 | 202 | 204
  readonly response?: z.ZodType
  readonly produces?: readonly string[]
  readonly errors?: readonly ErrorCode[]
}

const operations = new WeakMap<object, Operation>()

/** The operation that a registered handler carries, if any. */
export function operationOf(handler: object): Operation | undefined {
  return operations.get(handler)
}

export function describe<H extends Handler<AppEnv> | MiddlewareHandler<AppEnv>>(spec: Operation, handler: H): H {
  operations.set(handler, spec)
  return handler
}

type Validated<S extends Operation> = S extends { query: infer Q extends z.ZodType; json: infer J extends z.ZodType }
  ? { in: { query: z.input<Q>; json: z.input<J> }; out: { query: z.output<Q>; json: z.output<J> } }
  : S extends { query: infer Q extends z.ZodType }
    ? { in: { query: z.input<Q> }; out: { query: z.output<Q> } }
    : S extends { json: infer J extends z.ZodType }
      ? { in: { json: z.input<J> }; out: { json: z.output<J> } }
      : BlankInput

/** Middleware that lets through only callers with the permission and input that the schemas take. */
export function operation<const S extends Operation>(spec: S): MiddlewareHandler<AppEnv, string, Validated<S>> {
  const middleware: MiddlewareHandler<AppEnv, string, Validated<S>> = async (c, next) => {
    c.set('ctx', await authenticate(c, spec))
    if (spec.query) c.req.addValidatedData('query', validate(spec.query, c.req.query(), 'query'))
    const body = spec.json && validate(spec.json, await readJson(c), 'body')
    if (body) c.req.addValidatedData('json', body)
    await next()
    if (isChange(c, spec)) await recordChange({ ctx: c.var.ctx, input: changeOf(c, spec, body) })
  }
  operations.set(middleware, spec)
  return middleware
}

/** What devices and servers send is no change; a request that failed is none. */
function isChange(c: Context<AppEnv>, { permission, isRead }: Operation): boolean {
  if (isRead || permission === 'device' || permission === 'webhook') return false
  return !safeMethods.has(c.req.method) && c.error === undefined && c.res.ok
}

function changeOf(c: Context<AppEnv>, spec: Operation, body: unknown): Change {
  const ids = Object.values(c.req.param()).join('/')
  return {
    action: spec.id,
    ...(ids && { target: ids }),
    ...(body !== undefined && { after: body }),
    ...c.get('change'),
  }
}

/** An absent body is an empty object: every field of the schema then says for itself whether it may be absent. */
export async function readJson(c: Context<AppEnv>): Promise<unknown> {
  const bytes = await readBody(c, limits.apiBytes)
  return bytes.length === 0 ? {} : parseJson(new TextDecoder().decode(bytes))
}

export function validate<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> & object {
  const result = schema.safeParse(value)
  if (result.success) return result.data as z.output<T> & object
  const errors = toFieldErrors(result.error)
  const first = errors[0]
  const detail = `The ${where} is not as expected: ${first?.pointer || '/'} ${first?.detail ?? ''}`.trim()
  throw new AppError('validation_rejected', {
    reason: 'field_invalid',
    detail,
    errors,
  })
}

export function toFieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.slice(0, 50).map(({ path, code, message }) => ({
    pointer: path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
    code,
    detail: message,
  }))
}
