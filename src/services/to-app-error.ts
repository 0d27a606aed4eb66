import { AppError } from '../domain/errors.ts'
import { isD1Outage, isMigrationMissing, isObjectOutage } from '../store/d1-faults.ts'

export const migrationHint =
  'Apply the migrations: npx wrangler d1 migrations apply DB --remote, then npx wrangler d1 migrations apply TELEMETRY_0 --remote (with --local for a local server).'

/** Any error as the one that is answered. What nobody foresaw becomes `internal`, with no word of its own. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (isMigrationMissing(error)) {
    return new AppError('migrations_pending', {
      detail: migrationHint,
      retryAfter: 30,
      cause: error,
    })
  }
  if (isD1Outage(error) || isObjectOutage(error)) {
    return new AppError('unavailable', {
      detail: 'A part of the service does not answer; try again.',
      retryAfter: 5,
      cause: error,
    })
  }
  return new AppError('internal', {
    detail: 'Something went wrong; the request id names it in the log.',
    cause: error,
  })
}
