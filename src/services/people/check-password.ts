import { networkOf } from '../../domain/client-network.ts'
import { AppError } from '../../domain/errors.ts'
import type { PersonRow } from '../../store/people.ts'
import { findPersonByEmail, renewPasswordHash } from '../../store/people.ts'
import type { ServiceContext } from '../context.ts'
import { sha256 } from '../secrets.ts'

/**
 * Whose password this is. An e-mail without an account, an account without a password and a wrong one take the same way
 * and the same time. Each attempt is counted, against the network and against the account.
 * @throws AppError quota_exceeded
 */
export async function checkPassword(
  ctx: ServiceContext,
  email: string,
  password: string,
): Promise<PersonRow | undefined> {
  const network = networkOf(ctx.address ?? 'unknown')
  const gate = ctx.platform.signIn(network)
  const [wait, person] = await Promise.all([gate.admit(network), findPersonByEmail(ctx.registry, email)])
  if (wait > 0) throw tooMany(wait)
  const hash = person?.passwordHash ?? undefined
  const account = sha256(email)
  const verdict = await ctx.platform.signIn(account).attempt({ account, network, password, hash })
  if (verdict.outcome === 'wait') throw tooMany(verdict.waitMs)
  if (verdict.outcome === 'wrong' || !person || hash === undefined) return undefined
  ctx.background(gate.refund(network))
  if (!verdict.renewed) return person
  await renewPasswordHash(ctx.registry, person.id, hash, verdict.renewed)
  return { ...person, passwordHash: verdict.renewed }
}

function tooMany(waitMs: number): AppError {
  const retryAfter = Math.max(1, Math.ceil(waitMs / 1000))
  return new AppError('quota_exceeded', {
    detail: `Too many attempts; try again in ${Math.ceil(retryAfter / 60)} min.`,
    limit: { limit: 'sign_in_attempts', remaining: 0, retryAfter },
  })
}
