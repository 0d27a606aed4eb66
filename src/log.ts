/**
 * The one place that logs: one JSON line an event, snake_case fields. Never a token: fields that name a
 * credential are dropped, and a path is logged as its route pattern.
 */

type Level = 'info' | 'warn' | 'error'

const secretField = /token|secret|password|authorization|cookie|api_key/i

export function log(level: Level, event: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const line: Record<string, unknown> = { level, event }
  for (const [name, value] of Object.entries(fields)) {
    if (!secretField.test(name)) line[name] = value instanceof Error ? describe(value) : value
  }
  console[level](JSON.stringify(line))
}

/** For operators only; an answer never carries it. drizzle's messages end in the bound values, which may be secrets. */
function describe(error: Error): string {
  const cause = error.cause instanceof Error ? ` (cause: ${error.cause.message})` : ''
  return `${error.stack ?? error.message}${cause}`.replace(/\nparams: [\s\S]*?(?=\n\s+at |\)$|$)/g, '')
}
