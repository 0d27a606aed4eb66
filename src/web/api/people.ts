import { call } from './client.ts'

export const roles = ['viewer', 'operator', 'admin', 'owner'] as const
export type Role = (typeof roles)[number]

export interface Member {
  readonly personId: string
  readonly email: string
  readonly name: string | null
  readonly role: Role
  readonly createdAt: number
}

export interface Invitation {
  readonly id: string
  readonly email: string
  readonly role: Role
  readonly expiresAt: number
}

export interface Link {
  readonly url: string
  readonly expiresAt: number
}

export interface InvitationLook {
  readonly email: string
  readonly role: Role
  readonly tenantName: string
  readonly hasAccount: boolean
}

export interface OpenSession {
  readonly id: string
  readonly isCurrent: boolean
  readonly userAgent: string | null
  readonly address: string | null
  readonly lastUsedAt: number
}

export interface AuditEntry {
  readonly id: string
  readonly at: number
  readonly actor: string
  readonly actorName: string | null
  readonly address: string | null
  readonly action: string
  readonly target: string | null
  readonly before?: unknown
  readonly after?: unknown
}

interface Credentials {
  readonly email: string
  readonly password: string
}

const member = (id: string) => `/api/members/${encodeURIComponent(id)}`

export const signIn = (json: Credentials) => call<unknown>('POST', '/api/auth/sign-in', { json })
export const lookAtOnboarding = () =>
  call<{ readonly isPossible: boolean; readonly needsToken: boolean }>('GET', '/api/auth/onboarding')
export const setUp = (json: Credentials & { readonly tenantName: string }, setupToken: string) =>
  call<unknown>('POST', '/api/auth/onboarding', { json, ...(setupToken !== '' && { setupToken }) })
export const lookAtInvitation = (token: string) =>
  call<InvitationLook>('POST', '/api/auth/invitations/look', { json: { token } })
export const acceptInvitation = (json: { readonly token: string; readonly password?: string }) =>
  call<unknown>('POST', '/api/auth/invitations/accept', { json })
export const resetPassword = (json: { readonly token: string; readonly password: string }) =>
  call<unknown>('POST', '/api/auth/password-reset', { json })
export const changePassword = (json: { readonly current: string; readonly password: string }) =>
  call<void>('POST', '/api/auth/password', { json })
export const listSessions = () => call<{ readonly items: readonly OpenSession[] }>('GET', '/api/auth/sessions')
export const revokeSession = (id: string) => call<void>('DELETE', `/api/auth/sessions/${encodeURIComponent(id)}`)
export const switchTenant = (tenantId: string) => call<void>('POST', '/api/auth/tenant', { json: { tenantId } })

export const listMembers = () => call<{ readonly items: readonly Member[] }>('GET', '/api/members')
export const changeRole = (id: string, role: Role) => call<Member>('PATCH', member(id), { json: { role } })
export const removeMember = (id: string) => call<void>('DELETE', member(id))
export const makeResetLink = (id: string) => call<Link>('POST', `${member(id)}/password-reset`)
export const listInvitations = () => call<{ readonly items: readonly Invitation[] }>('GET', '/api/invitations')
export const invite = (json: { readonly email: string; readonly role: Role }) =>
  call<Link>('POST', '/api/invitations', { json })
export const withdrawInvitation = (id: string) => call<void>('DELETE', `/api/invitations/${encodeURIComponent(id)}`)

export const listAudit = (before?: string) =>
  call<{ readonly items: readonly AuditEntry[]; readonly nextBefore: string | null }>('GET', '/api/audit', {
    query: { before, limit: 50 },
  })
