import { limits } from '../../domain/limits.ts'

const secretField =
  /token|secret|password|passphrase|authorization|cookie|api_?key|hash|credential|sealed|^(?:current|code|ticket|url|link)$/i

/** As JSON for the audit log: what names a credential is hidden, whatever holds it, and what is long is cut. */
export function redact(value: unknown): string | null {
  if (value === undefined) return null
  const text = JSON.stringify(value, (name, inner: unknown) =>
    secretField.test(name) && isText(inner) ? '***' : inner,
  )
  if (text === undefined) return null
  return text.length <= limits.auditBytes ? text : JSON.stringify({ cut: text.slice(0, limits.auditBytes / 2) })
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || Array.isArray(value)
}
