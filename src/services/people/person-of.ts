import { AppError } from '../../domain/errors.ts'
import type { PersonPrincipal } from '../../domain/principal.ts'
import type { ServiceContext } from '../context.ts'

/** @throws AppError forbidden where nobody signed in */
export function personOf({ principal }: ServiceContext): PersonPrincipal {
  if (principal.kind === 'person') return principal
  throw new AppError('forbidden', { detail: 'This is for people who signed in.' })
}
