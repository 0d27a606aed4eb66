import { Hono } from 'hono'
import * as z from 'zod'
import { roles } from '../domain/roles.ts'
import { acceptInvitation } from '../services/people/accept-invitation.ts'
import { changeRole } from '../services/people/change-role.ts'
import { emailSchema } from '../services/people/email.ts'
import { listInvitations, lookAtInvitation, withdrawInvitation } from '../services/people/invitations.ts'
import { invite } from '../services/people/invite.ts'
import { listMembers } from '../services/people/list-members.ts'
import { makeResetLink } from '../services/people/make-reset-link.ts'
import { removeMember } from '../services/people/remove-member.ts'
import type { AppEnv } from './app-env.ts'
import { password, personName, signedInAnswer } from './auth.ts'
import { accessEmail, signedIn } from './authenticate.ts'
import { operation } from './operation.ts'

const tag = 'Members'
const role = z.enum(roles)
const memberSchema = z.object({
  personId: z.string(),
  email: z.string(),
  name: z.string().nullable(),
  role,
  createdAt: z.number(),
})
const invitationSchema = z.object({
  id: z.string(),
  email: z.string(),
  role,
  createdAt: z.number(),
  expiresAt: z.number(),
})
export const newInvitationSchema = invitationSchema
  .omit({ createdAt: true })
  .extend({ token: z.string(), url: z.string() })
const token = z.string().max(128)
const admin = { tag, permission: 'admin' } as const

export const memberRoutes = new Hono<AppEnv>()
  .get(
    '/api/members',
    operation({
      ...admin,
      id: 'listMembers',
      summary: 'Who is in the tenant, and as what',
      response: z.object({ items: z.array(memberSchema) }),
    }),
    async (c) => c.json({ items: await listMembers({ ctx: c.var.ctx }) }),
  )
  .patch(
    '/api/members/:personId',
    operation({
      ...admin,
      id: 'changeRole',
      summary: 'Give a member another role; only owners decide over owners, and one is always left',
      json: z.object({ role }),
      response: memberSchema,
      errors: ['member_not_found', 'conflict'],
    }),
    async (c) =>
      c.json(
        await changeRole({ ctx: c.var.ctx, input: { ...c.req.valid('json'), personId: c.req.param('personId') } }),
      ),
  )
  .delete(
    '/api/members/:personId',
    operation({
      ...admin,
      id: 'removeMember',
      summary: 'Take a member out of the tenant, at once',
      status: 204,
      errors: ['member_not_found', 'conflict'],
    }),
    async (c) => {
      await removeMember({ ctx: c.var.ctx, input: { personId: c.req.param('personId') } })
      return c.body(null, 204)
    },
  )
  .post(
    '/api/members/:personId/password-reset',
    operation({
      ...admin,
      id: 'makeResetLink',
      summary: 'A link with which a member sets a new password, once and within 24 h; shown this once',
      status: 201,
      response: z.object({ token: z.string(), url: z.string(), expiresAt: z.number() }),
      errors: ['member_not_found'],
    }),
    async (c) => c.json(await makeResetLink({ ctx: c.var.ctx, input: { personId: c.req.param('personId') } }), 201),
  )
  .get(
    '/api/invitations',
    operation({
      ...admin,
      id: 'listInvitations',
      summary: 'Invitations that are open',
      response: z.object({ items: z.array(invitationSchema) }),
    }),
    async (c) => c.json({ items: await listInvitations({ ctx: c.var.ctx }) }),
  )
  .post(
    '/api/invitations',
    operation({
      ...admin,
      id: 'invite',
      summary: 'Invite an e-mail: a link that is good once and within 24 h; shown this once',
      json: z.object({ email: emailSchema, role: role.default('viewer') }),
      status: 201,
      response: newInvitationSchema,
      errors: ['conflict'],
    }),
    async (c) => c.json(await invite({ ctx: c.var.ctx, input: c.req.valid('json') }), 201),
  )
  .delete(
    '/api/invitations/:invitationId',
    operation({
      ...admin,
      id: 'withdrawInvitation',
      summary: 'Withdraw an invitation',
      status: 204,
      errors: ['link_not_found'],
    }),
    async (c) => {
      await withdrawInvitation({ ctx: c.var.ctx, input: { id: c.req.param('invitationId') } })
      return c.body(null, 204)
    },
  )
  .post(
    '/api/auth/invitations/look',
    operation({
      id: 'lookAtInvitation',
      summary: 'What the holder of a link is invited to',
      tag,
      permission: 'public',
      json: z.object({ token }),
      response: z.object({ email: z.string(), role, tenantName: z.string(), hasAccount: z.boolean() }),
      errors: ['link_not_found'],
      isRead: true,
    }),
    async (c) => c.json(await lookAtInvitation({ ctx: c.var.ctx, input: c.req.valid('json') })),
  )
  .post(
    '/api/auth/invitations/accept',
    operation({
      id: 'acceptInvitation',
      summary: 'Become a member: as whoever is signed in, or with a new account',
      tag,
      permission: 'public',
      json: z.object({ token, name: personName.optional(), password: password.optional() }),
      response: z.object({ success: z.literal(true), expiresAt: z.number().optional() }),
      errors: ['link_not_found', 'conflict'],
    }),
    async (c) => {
      const [person, email] = await Promise.all([signedIn(c), accessEmail(c)])
      const input = { ...c.req.valid('json'), signedIn: person, accessEmail: email }
      const session = await acceptInvitation({ ctx: c.var.ctx, input })
      return c.json(session ? signedInAnswer(c, session) : { success: true as const })
    },
  )
