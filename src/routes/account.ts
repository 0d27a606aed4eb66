import { Hono } from 'hono'
import * as z from 'zod'
import { roles } from '../domain/roles.ts'
import { changePassword } from '../services/people/change-password.ts'
import { deleteAccount } from '../services/people/delete-account.ts'
import { getMe } from '../services/people/get-me.ts'
import { listSessions } from '../services/people/list-sessions.ts'
import { makeTicket } from '../services/people/make-ticket.ts'
import { leaveTenant } from '../services/people/remove-member.ts'
import { resetPassword } from '../services/people/reset-password.ts'
import { revokeSession, revokeSessions } from '../services/people/revoke-sessions.ts'
import { switchTenant } from '../services/people/switch-tenant.ts'
import { updateMe } from '../services/people/update-me.ts'
import type { AppEnv } from './app-env.ts'
import { password, personName, signedInAnswer, signedInSchema } from './auth.ts'
import { flag } from './device-schemas.ts'
import { operation } from './operation.ts'
import { clearSessionCookie } from './session-cookie.ts'

const tag = 'Account'
const meSchema = z.object({
  personId: z.string(),
  email: z.string(),
  name: z.string().nullable(),
  hasPassword: z.boolean(),
  isOperator: z.boolean(),
  tenantId: z.string().nullable(),
  role: z.enum(roles).nullable(),
  permissions: z.array(z.string()).readonly(),
  tenants: z
    .array(z.object({ tenantId: z.string(), name: z.string(), role: z.enum(roles), isSuspended: z.boolean() }))
    .readonly(),
})
const sessionSchema = z.object({
  id: z.string(),
  isCurrent: z.boolean(),
  userAgent: z.string().nullable(),
  address: z.string().nullable(),
  createdAt: z.number(),
  lastUsedAt: z.number(),
  expiresAt: z.number(),
})
const own = { tag, permission: 'person' } as const
const wrongPassword = ['validation_rejected', 'quota_exceeded'] as const

/** What a person does with the own account, in whichever tenant or in none. */
export const accountRoutes = new Hono<AppEnv>()
  .get(
    '/api/auth/me',
    operation({
      ...own,
      id: 'getMe',
      summary: 'Who is signed in, where, and what may be done there',
      response: meSchema,
    }),
    async (c) => c.json(await getMe({ ctx: c.var.ctx })),
  )
  .patch(
    '/api/auth/me',
    operation({
      ...own,
      id: 'updateMe',
      summary: 'Change the own name',
      json: z.object({ name: personName.nullable() }),
      response: meSchema,
    }),
    async (c) => c.json(await updateMe({ ctx: c.var.ctx, input: c.req.valid('json') })),
  )
  .post(
    '/api/auth/password',
    operation({
      ...own,
      id: 'changePassword',
      summary: 'Change the password; every other session ends',
      json: z.object({ current: password, password }),
      status: 204,
      errors: wrongPassword,
    }),
    async (c) => {
      await changePassword({ ctx: c.var.ctx, input: c.req.valid('json') })
      return c.body(null, 204)
    },
  )
  .post(
    '/api/auth/password-reset',
    operation({
      id: 'resetPassword',
      summary: 'Set a new password with the link that an admin made; every session ends, and a new one begins',
      tag,
      permission: 'public',
      json: z.object({ token: z.string().max(128), password }),
      response: signedInSchema,
      errors: ['link_not_found'],
    }),
    async (c) => c.json(signedInAnswer(c, await resetPassword({ ctx: c.var.ctx, input: c.req.valid('json') }))),
  )
  .delete(
    '/api/auth/account',
    operation({
      ...own,
      id: 'deleteAccount',
      summary: 'Delete the own account; the last owner of a tenant cannot',
      json: z.object({ password: z.string().max(4_096).default('') }),
      status: 204,
      errors: ['validation_rejected', 'conflict', 'quota_exceeded'],
    }),
    async (c) => {
      await deleteAccount({ ctx: c.var.ctx, input: c.req.valid('json') })
      clearSessionCookie(c)
      return c.body(null, 204)
    },
  )
  .get(
    '/api/auth/sessions',
    operation({
      ...own,
      id: 'listSessions',
      summary: 'Where the person is signed in',
      response: z.object({ items: z.array(sessionSchema) }),
    }),
    async (c) => c.json({ items: await listSessions({ ctx: c.var.ctx }) }),
  )
  .delete(
    '/api/auth/sessions',
    operation({
      ...own,
      id: 'revokeSessions',
      summary: 'Sign out everywhere; with ?keepThis=true everywhere else',
      query: z.object({ keepThis: flag.default(false) }),
      status: 204,
    }),
    async (c) => {
      const { keepThis } = c.req.valid('query')
      await revokeSessions({ ctx: c.var.ctx, input: { keepThis } })
      if (!keepThis) clearSessionCookie(c)
      return c.body(null, 204)
    },
  )
  .delete(
    '/api/auth/sessions/:sessionId',
    operation({
      ...own,
      id: 'revokeSession',
      summary: 'End one session',
      status: 204,
      errors: ['session_not_found'],
    }),
    async (c) => {
      await revokeSession({ ctx: c.var.ctx, input: { id: c.req.param('sessionId') } })
      return c.body(null, 204)
    },
  )
  .post(
    '/api/auth/tickets',
    operation({
      ...own,
      id: 'makeTicket',
      summary: 'A ticket: once and within a minute it opens a live feed (?ticket=) or signs an app in (exchange)',
      status: 201,
      response: z.object({ ticket: z.string(), expiresAt: z.number() }),
      isRead: true,
    }),
    async (c) => c.json(await makeTicket({ ctx: c.var.ctx }), 201),
  )
  .post(
    '/api/auth/tenant',
    operation({
      ...own,
      id: 'switchTenant',
      summary: 'Work in another of the own tenants',
      json: z.object({ tenantId: z.string().max(64) }),
      status: 204,
      errors: ['tenant_not_found'],
      isRead: true,
    }),
    async (c) => {
      await switchTenant({ ctx: c.var.ctx, input: c.req.valid('json') })
      return c.body(null, 204)
    },
  )
  .delete(
    '/api/auth/tenants/:tenantId',
    operation({
      ...own,
      id: 'leaveTenant',
      summary: 'Leave a tenant; the last owner cannot',
      status: 204,
      errors: ['tenant_not_found', 'conflict'],
    }),
    async (c) => {
      await leaveTenant({ ctx: c.var.ctx, input: { tenantId: c.req.param('tenantId') } })
      return c.body(null, 204)
    },
  )
