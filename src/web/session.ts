import { useEffect, useState } from 'preact/hooks'

export type Permission = 'read' | 'operate' | 'provision' | 'write' | 'admin' | 'own'

export interface TenantChoice {
  readonly tenantId: string
  readonly name: string
  readonly role: string
}

export interface Person {
  readonly personId: string
  readonly email: string
  readonly name: string | null
  readonly hasPassword: boolean
  readonly tenantId: string | null
  readonly permissions: readonly string[]
  readonly tenants: readonly TenantChoice[]
}

/** Who is signed in. Only this module knows where the credential is: a cookie that no script reads, or a key in this tab. */
export type Session =
  | { readonly kind: 'person'; readonly tenantName: string; readonly person: Person }
  | { readonly kind: 'key'; readonly tenantName: string }

const keyStorage = 'autoconnecto.apiKey'
/** Says that there is a cookie to try; without it a first visit would begin with a refused request. */
const signedInStorage = 'autoconnecto.signedIn'
const listeners = new Set<() => void>()
let session: Session | undefined
let apiKey = sessionStorage.getItem(keyStorage)

function become(next: Session | undefined): void {
  session = next
  for (const listener of listeners) listener()
}

export function credentialHeaders(): Record<string, string> {
  return apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }
}

/** A WebSocket of a browser carries cookies and no header: with a key, pages ask again and again in its place. */
export function mayOpenSockets(): boolean {
  return session?.kind === 'person'
}

/** The permissions of a key are not known here: what it may not do is answered with a reason. */
export function may(permission: Permission): boolean {
  return session?.kind !== 'person' || session.person.permissions.includes(permission)
}

/** At start. */
export async function resumeSession(): Promise<void> {
  if (apiKey !== null) await enterWithKey()
  else if (localStorage.getItem(signedInStorage) !== null) await enterAsPerson()
}

/** After an answer that set the cookie. @returns why it did not work */
export async function enterAsPerson(): Promise<string | undefined> {
  try {
    const response = await fetch('/api/auth/me')
    if (!response.ok) {
      if (response.status === 401) localStorage.removeItem(signedInStorage)
      return 'You are not signed in. Sign in again.'
    }
    const person = (await response.json()) as Person
    const tenant = person.tenants.find(({ tenantId }) => tenantId === person.tenantId)
    localStorage.setItem(signedInStorage, '1')
    become({ kind: 'person', person, tenantName: tenant?.name ?? 'No tenant' })
    return undefined
  } catch {
    return unreachable
  }
}

const unreachable = 'The server could not be reached. Check your connection, then try again.'

/** @returns why it was refused */
export async function signInWithKey(key: string): Promise<string | undefined> {
  apiKey = key.trim()
  const fault = await enterWithKey()
  if (fault === undefined) sessionStorage.setItem(keyStorage, apiKey)
  else apiKey = null
  return fault
}

async function enterWithKey(): Promise<string | undefined> {
  try {
    const response = await fetch('/api/tenant', { headers: credentialHeaders() })
    if (response.status === 401) return 'This key is unknown or was revoked. Check that you copied all of it.'
    if (!response.ok) return 'The server cannot look the key up now. Try again in a moment.'
    become({ kind: 'key', tenantName: ((await response.json()) as { name: string }).name })
    return undefined
  } catch {
    return unreachable
  }
}

export async function signOut(): Promise<void> {
  // Where the server cannot be told, the cookie stays, but this browser does not use it again.
  if (session?.kind === 'person') await fetch('/api/auth/sign-out', { method: 'POST' }).catch(() => undefined)
  forget()
}

function forget(): void {
  apiKey = null
  sessionStorage.removeItem(keyStorage)
  localStorage.removeItem(signedInStorage)
  become(undefined)
}

/** An answer said that the credential is no longer taken. */
export function sessionEnded(): void {
  if (session) forget()
}

export function useSession(): Session | undefined {
  const [current, set] = useState(session)
  useEffect(() => {
    const listener = () => set(session)
    listeners.add(listener)
    listener()
    return () => void listeners.delete(listener)
  }, [])
  return current
}
