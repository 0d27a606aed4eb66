import { AppError } from '../../domain/errors.ts'
import { findPersonByEmail } from '../../store/people.ts'
import type { ServiceContext } from '../context.ts'
import { checkPassword } from './check-password.ts'
import type { SessionKind } from './find-session.ts'
import { type OpenedSession, openSession } from './open-session.ts'

/** @throws AppError unauthenticated, forbidden (access_only), quota_exceeded */
export async function signIn({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly email: string; readonly password: string; readonly kind?: SessionKind }
}): Promise<OpenedSession> {
  if (ctx.access) {
    throw new AppError('forbidden', { reason: 'access_only', detail: 'People sign in through Cloudflare Access here.' })
  }
  const person = await checkPassword(ctx, input.email, input.password)
  if (!person) throw new AppError('unauthenticated', { detail: 'The e-mail or the password is wrong.' })
  ctx.note?.({ personId: person.id, target: person.id, after: undefined })
  return openSession(ctx, person.id, input.kind, { passwordHash: person.passwordHash })
}

/** Whom Cloudflare Access let through. @throws AppError unauthenticated, forbidden */
export async function signInByAccess({
  ctx,
  input,
}: {
  readonly ctx: ServiceContext
  readonly input: { readonly email: string | undefined }
}): Promise<OpenedSession> {
  if (input.email === undefined) {
    throw new AppError('unauthenticated', { detail: 'Cloudflare Access vouched for nobody.' })
  }
  const person = await findPersonByEmail(ctx.registry, input.email)
  if (!person) throw new AppError('forbidden', { detail: 'Nobody has invited this e-mail yet.' })
  ctx.note?.({ personId: person.id, target: person.id, after: undefined })
  return openSession(ctx, person.id)
}
