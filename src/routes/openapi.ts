import { Hono } from 'hono'
import * as z from 'zod'
import { errorCatalog } from '../domain/errors.ts'
import type { AppEnv } from './app-env.ts'
import { describe, type Operation, operationOf } from './operation.ts'
import { isOpen, type Permission } from './permission.ts'

interface Route {
  readonly path: string
  readonly method: string
  readonly handler: object
}

const signedIn = [{ session: [] }, { sessionCookie: [] }]
const security: Readonly<Record<Permission, readonly object[]>> = {
  public: [],
  device: [{ deviceToken: [] }],
  webhook: [{ webhookSecret: [] }],
  setup: [{ setupToken: [] }],
  onboarding: [{ setupToken: [] }, {}],
  person: signedIn,
  platform: signedIn,
  read: [{ apiKey: [] }, ...signedIn],
  operate: [{ apiKey: [] }, ...signedIn],
  provision: [{ apiKey: [] }, ...signedIn],
  write: [{ apiKey: [] }, ...signedIn],
  admin: [{ apiKey: [] }, ...signedIn],
  own: signedIn,
}

const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'retryable', 'statusCode', 'message'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    code: { type: 'string', enum: Object.keys(errorCatalog) },
    reason: { type: 'string' },
    retryable: { type: 'boolean' },
    errors: { type: 'array', items: { type: 'object' } },
    statusCode: { type: 'integer' },
    message: { type: 'string' },
  },
}

/** OpenAPI 3.1, made from the operations that the mounted routes carry: the schemas that validate. */
export function openApiDocument(routes: readonly Route[], baseUrl: string) {
  const paths: Record<string, Record<string, object>> = {}
  for (const { path, method, handler } of routes) {
    const spec = operationOf(handler)
    if (!spec) continue
    const template = path.replace(/:(\w+)/g, '{$1}')
    paths[template] = { ...paths[template], [method.toLowerCase()]: toOpenApi(spec, template) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Autoconnecto Edge', version: '1.0.0' },
    servers: [{ url: baseUrl }],
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key.' },
        session: { type: 'http', scheme: 'bearer', description: 'What POST /api/auth/exchange answered.' },
        sessionCookie: { type: 'apiKey', in: 'cookie', name: '__Host-session', description: 'Set by sign-in.' },
        setupToken: { type: 'http', scheme: 'bearer', description: 'The SETUP_TOKEN.' },
        webhookSecret: { type: 'apiKey', in: 'header', name: 'X-Webhook-Secret', description: 'Or as bearer token.' },
        deviceToken: { type: 'http', scheme: 'bearer', description: 'In the path, or "me" there and the token here.' },
      },
      schemas: { Problem: problemSchema },
    },
  }
}

function toOpenApi(spec: Operation, template: string): object {
  return {
    operationId: spec.id,
    summary: spec.summary,
    tags: [spec.tag],
    security: security[spec.permission],
    parameters: [...pathParameters(template), ...queryParameters(spec)],
    ...(spec.json || spec.consumes ? { requestBody: requestBody(spec) } : {}),
    responses: { ...(!spec.errors?.includes('not_offered') && success(spec)), ...failures(spec) },
  }
}

function pathParameters(template: string): object[] {
  return [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters({ query }: Operation): object[] {
  if (!query) return []
  const schema = jsonSchema(query, 'input') as { properties?: Record<string, object>; required?: string[] }
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: 'query',
    required: schema.required?.includes(name) ?? false,
    schema: property,
  }))
}

function requestBody({ json, consumes }: Operation): object {
  const schema = json ? jsonSchema(json, 'input') : {}
  const types = consumes ?? ['application/json']
  return { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) }
}

function success({ status = 200, response, produces }: Operation): object {
  const types = produces ?? (response ? ['application/json'] : [])
  const schema = response ? jsonSchema(response, 'output') : {}
  const content = Object.fromEntries(types.map((type) => [type, { schema: type === 'application/json' ? schema : {} }]))
  return { [status]: { description: 'Done', ...(types.length > 0 && { content }) } }
}

function failures({ permission, errors = [], query, json }: Operation): object {
  const codes = new Set(errors)
  if (permission !== 'public') codes.add('unauthenticated')
  if (!isOpen(permission) && permission !== 'setup') codes.add('forbidden')
  if (query || json) codes.add('validation_rejected')
  codes.add('unavailable')
  const answers: Record<string, object> = {}
  for (const code of codes) {
    const { status, title } = errorCatalog[code]
    const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
    answers[status] = { description: title, content }
  }
  return answers
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

/** Mounted last: it describes the routes that stand before it. */
export function openApiRoutes(routesOf: () => readonly Route[]): Hono<AppEnv> {
  const spec: Operation = {
    id: 'openapi',
    summary: 'This document',
    tag: 'Service',
    permission: 'public',
    response: z.looseObject({ openapi: z.string() }),
  }
  return new Hono<AppEnv>().get(
    '/api/openapi.json',
    describe(spec, (c) => c.json(openApiDocument(routesOf(), new URL(c.req.url).origin))),
  )
}
