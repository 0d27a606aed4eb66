import { type Context, Hono } from 'hono'
import * as z from 'zod'
import { AppError } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { emailSchema } from '../services/people/email.ts'
import { exchange } from '../services/people/exchange.ts'
import { lookAtOnboarding } from '../services/people/look-at-onboarding.ts'
import { onboard } from '../services/people/onboard.ts'
import type { OpenedSession } from '../services/people/open-session.ts'
import { signOut } from '../services/people/revoke-sessions.ts'
import { signIn, signInByAccess } from '../services/people/sign-in.ts'
import { createTenant } from '../services/tenants/create-tenant.ts'
import type { AppEnv } from './app-env.ts'
import { accessEmail, holdsSetupToken } from './authenticate.ts'
import { operation } from './operation.ts'
import { isLocal } from './origin.ts'
import { clearSessionCookie, setSessionCookie } from './session-cookie.ts'

const tag = 'Sign-in'
export const personName = z.string().trim().min(1).max(limits.nameLength)
/** What it may be is decided where it is set; here it is only bounded, before it is hashed. */
export const password = z
  .string()
  .min(1)
  .max(4 * limits.passwordLengthMax)
const credentials = z.object({ email: emailSchema, password })
const tenantName = z.string().trim().min(1).max(limits.nameLength)

export const signedInSchema = z.object({ success: z.literal(true), expiresAt: z.number() })
const bearerSchema = z.object({ accessToken: z.string(), tokenType: z.literal('Bearer'), expiresAt: z.number() })

/** The browser keeps the token where no script reads it. */
export function signedInAnswer(c: Context<AppEnv>, { token, expiresAt }: OpenedSession) {
  setSessionCookie(c, token)
  return { success: true, expiresAt } as const
}

/** On somebody's own machine nobody holds a token yet. @throws AppError unauthenticated */
function requireFirst(c: Context<AppEnv>, isPerson: boolean): void {
  if (holdsSetupToken(c) || (isPerson && isLocal(c))) return
  throw new AppError('unauthenticated', { detail: 'Send the SETUP_TOKEN as "Authorization: Bearer …".' })
}

const onboardingSchema = z.union([
  credentials.extend({ name: personName.optional(), tenantName: tenantName.default('My tenant') }),
  z.object({ tenantName }).strict(),
])

export const authRoutes = new Hono<AppEnv>()
  .get(
    '/api/auth/onboarding',
    operation({
      id: 'lookAtOnboarding',
      summary: 'Whether the first person can be made here still, and whether that takes the SETUP_TOKEN',
      tag,
      permission: 'public',
      response: z.object({ isPossible: z.boolean(), needsToken: z.boolean() }),
    }),
    async (c) => c.json(await lookAtOnboarding({ ctx: c.var.ctx, input: { isLocal: isLocal(c) } })),
  )
  .post(
    '/api/auth/onboarding',
    operation({
      id: 'onboard',
      summary: 'The first person, owner of the first tenant; or, for scripts, the first tenant and its API key',
      tag,
      permission: 'onboarding',
      json: onboardingSchema,
      status: 201,
      response: z.union([signedInSchema, z.object({ tenantId: z.uuid(), apiKey: z.string() })]),
      errors: ['conflict'],
    }),
    async (c) => {
      const input = c.req.valid('json')
      requireFirst(c, 'email' in input)
      if ('email' in input) return c.json(signedInAnswer(c, await onboard({ ctx: c.var.ctx, input })), 201)
      return c.json(await createTenant({ ctx: c.var.ctx, input: { name: input.tenantName, onlyFirst: true } }), 201)
    },
  )
  .post(
    '/api/auth/sign-in',
    operation({
      id: 'signIn',
      summary: 'Sign in with e-mail and password; the session is a cookie',
      tag,
      permission: 'public',
      json: credentials,
      response: signedInSchema,
      errors: ['unauthenticated', 'forbidden', 'quota_exceeded'],
    }),
    async (c) => c.json(signedInAnswer(c, await signIn({ ctx: c.var.ctx, input: c.req.valid('json') }))),
  )
  .post(
    '/api/auth/access',
    operation({
      id: 'signInByAccess',
      summary: 'Sign in as whom Cloudflare Access let through, where it is on',
      tag,
      permission: 'public',
      response: signedInSchema,
      errors: ['unauthenticated', 'forbidden'],
    }),
    async (c) =>
      c.json(signedInAnswer(c, await signInByAccess({ ctx: c.var.ctx, input: { email: await accessEmail(c) } }))),
  )
  .post(
    '/api/auth/exchange',
    operation({
      id: 'exchangeCode',
      summary: 'A session for an app, as a bearer token: for a ticket, or for e-mail and password',
      tag,
      permission: 'public',
      json: z.union([z.object({ code: z.string().max(limits.keyLength) }), credentials]),
      response: bearerSchema,
      errors: ['unauthenticated', 'forbidden', 'quota_exceeded'],
    }),
    async (c) => {
      const { token, expiresAt } = await exchange({ ctx: c.var.ctx, input: c.req.valid('json') })
      return c.json({ accessToken: token, tokenType: 'Bearer' as const, expiresAt })
    },
  )
  .post(
    '/api/auth/sign-out',
    operation({ id: 'signOut', summary: 'End this session', tag, permission: 'person', status: 204 }),
    async (c) => {
      await signOut({ ctx: c.var.ctx })
      clearSessionCookie(c)
      return c.body(null, 204)
    },
  )
