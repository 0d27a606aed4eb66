import { AppError } from '../../domain/errors.ts'
import { weaknessOf } from '../../domain/password.ts'
import type { ServiceContext } from '../context.ts'
import { sha256 } from '../secrets.ts'

/** The hash of a password that may be one. @throws AppError validation_rejected (password_weak) */
export async function hashNewPassword(ctx: ServiceContext, password: string, email: string): Promise<string> {
  const detail = weaknessOf(password, email)
  if (detail !== undefined) {
    const errors = [{ pointer: '/password', code: 'password_weak', detail }]
    throw new AppError('validation_rejected', { reason: 'password_weak', detail, errors })
  }
  return ctx.platform.signIn(sha256(email)).hash(password)
}
