/** The table or column that a statement names is not there: the migrations were not applied. */
export function isMigrationMissing(error: unknown): boolean {
  return error instanceof Error && /no such (table|column)|has no column named/.test(messages(error))
}

/** D1 out of reach, overloaded or too slow: the same statement may succeed later. A refused row will not. */
export function isD1Outage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const words = messages(error)
  if (/SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(words)) return false
  return /D1_ERROR|D1_EXEC_ERROR|D1 DB|overloaded|Network connection lost|timed out|storage (operation|caused)/i.test(
    words,
  )
}

/** An object that was reset, moved or is overloaded: the platform marks what may be tried again. */
export function isObjectOutage(error: unknown): boolean {
  const { retryable, overloaded } = error as { retryable?: unknown; overloaded?: unknown }
  return error instanceof Error && (retryable === true || overloaded === true)
}

/** drizzle wraps D1's error: the cause says what happened. */
function messages(error: Error): string {
  return error.cause instanceof Error ? `${error.message} ${error.cause.message}` : error.message
}
