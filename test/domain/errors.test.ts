import { describe, expect, it } from 'vitest'
import { AppError, errorCatalog, errorReasons, fromFault, isPassing, toFault } from '../../src/domain/errors.ts'

describe('the error catalog', () => {
  it('keeps its codes: they are public for ever', () => {
    const pinned = Object.entries(errorCatalog).map(
      ([code, { status, retryable }]) => `${status} ${code}${retryable ? ' retryable' : ''}`,
    )
    expect(pinned).toEqual([
      '401 unauthenticated',
      '403 forbidden',
      '404 not_found',
      '404 tenant_not_found',
      '404 device_not_found',
      '404 child_not_found',
      '404 api_key_not_found',
      '404 member_not_found',
      '404 session_not_found',
      '404 link_not_found',
      '404 device_profile_not_found',
      '404 alarm_not_found',
      '404 inbox_entry_not_found',
      '404 command_not_found',
      '400 payload_malformed',
      '422 validation_rejected',
      '415 unsupported_media_type',
      '413 payload_too_large',
      '405 method_not_allowed',
      '426 upgrade_required',
      '501 not_offered',
      '409 conflict',
      '429 quota_exceeded retryable',
      '503 migrations_pending retryable',
      '503 unavailable retryable',
      '500 internal retryable',
    ])
  })

  it('names codes and reasons in snake_case', () => {
    for (const name of [...Object.keys(errorCatalog), ...Object.keys(errorReasons)])
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/)
  })

  it('crosses an RPC boundary as plain data and comes back', () => {
    const limit = { limit: 'telemetry_per_minute', remaining: 0, retryAfter: 7 }
    const error = new AppError('quota_exceeded', { detail: 'Too many.', limit })
    const back = fromFault(structuredClone(toFault(error)))
    expect(back).toMatchObject({ code: 'quota_exceeded', detail: 'Too many.', limit, retryAfter: 7 })
    expect(isPassing(back.code)).toBe(true)
  })
})
