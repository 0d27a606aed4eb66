import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const headers = readFileSync(join(import.meta.dirname, '..', 'src', 'web', '_headers'), 'utf8')

it('pages run and call nothing but their own, and stand in no frame', () => {
  const policy = /Content-Security-Policy: (.*)/.exec(headers)?.[1] ?? ''
  const directives = new Map(
    policy.split(';').map((directive) => {
      const [name = '', ...sources] = directive.trim().split(/\s+/)
      return [name, sources.join(' ')]
    }),
  )
  expect(directives.get('default-src')).toBe("'self'")
  for (const name of ['script-src', 'style-src', 'connect-src'])
    expect(directives.get(name) ?? "'self'", name).toBe("'self'")
  for (const name of ['object-src', 'base-uri', 'frame-ancestors']) expect(directives.get(name)).toBe("'none'")
  expect(directives.get('form-action')).toBe("'self'")
  expect(policy).not.toMatch(/unsafe|https?:|wss?:|\*/)
  expect(headers).toContain('X-Content-Type-Options: nosniff')
  expect(headers).toContain('X-Frame-Options: DENY')
})
