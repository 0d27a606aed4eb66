/**
 * The one catalog of errors. A code is public for ever: it stands in answers, events and docs.
 * `mqtt5` is the MQTT 5 reason code, `close` the WebSocket close code (absent: an error frame is sent,
 * the socket stays). `retryable` says whether the same message may succeed later.
 */

interface ErrorKind {
  readonly title: string
  readonly status: number
  readonly retryable: boolean
  readonly mqtt5?: number
  readonly close?: number
}

export const errorCatalog = {
  unauthenticated: {
    title: 'Unknown or missing credential',
    status: 401,
    retryable: false,
    mqtt5: 0x86,
    close: 4401,
  },
  forbidden: {
    title: 'Not allowed',
    status: 403,
    retryable: false,
    mqtt5: 0x87,
  },
  not_found: { title: 'Not found', status: 404, retryable: false },
  tenant_not_found: { title: 'No such tenant', status: 404, retryable: false },
  device_not_found: {
    title: 'No such device',
    status: 404,
    retryable: false,
    mqtt5: 0x87,
  },
  child_not_found: {
    title: 'No such child of this gateway',
    status: 404,
    retryable: false,
    mqtt5: 0x87,
  },
  api_key_not_found: {
    title: 'No such API key',
    status: 404,
    retryable: false,
  },
  member_not_found: { title: 'No such member', status: 404, retryable: false },
  session_not_found: { title: 'No such session', status: 404, retryable: false },
  link_not_found: { title: 'No such link, or it was used or is over', status: 404, retryable: false },
  device_profile_not_found: {
    title: 'No such device profile',
    status: 404,
    retryable: false,
  },
  alarm_not_found: { title: 'No such alarm', status: 404, retryable: false },
  inbox_entry_not_found: {
    title: 'No such entry of the inbox',
    status: 404,
    retryable: false,
  },
  command_not_found: {
    title: 'No such command',
    status: 404,
    retryable: false,
    mqtt5: 0x80,
  },
  payload_malformed: {
    title: 'The payload could not be read',
    status: 400,
    retryable: false,
    mqtt5: 0x99,
  },
  validation_rejected: {
    title: 'The payload breaks a rule',
    status: 422,
    retryable: false,
    mqtt5: 0x99,
  },
  unsupported_media_type: {
    title: 'This content type is not taken here',
    status: 415,
    retryable: false,
  },
  payload_too_large: {
    title: 'The payload is too large',
    status: 413,
    retryable: false,
    mqtt5: 0x95,
    close: 1009,
  },
  method_not_allowed: {
    title: 'Method not allowed',
    status: 405,
    retryable: false,
  },
  upgrade_required: {
    title: 'This address takes WebSockets only',
    status: 426,
    retryable: false,
  },
  not_offered: { title: 'Not offered here', status: 501, retryable: false },
  conflict: {
    title: 'Conflicts with what is stored',
    status: 409,
    retryable: false,
  },
  quota_exceeded: {
    title: 'Over a limit',
    status: 429,
    retryable: true,
    mqtt5: 0x97,
  },
  migrations_pending: {
    title: 'Database migrations are not applied yet',
    status: 503,
    retryable: true,
    close: 1013,
  },
  unavailable: {
    title: 'Temporarily unavailable',
    status: 503,
    retryable: true,
    mqtt5: 0x83,
    close: 1013,
  },
  internal: {
    title: 'Internal error',
    status: 500,
    retryable: true,
    mqtt5: 0x80,
    close: 1011,
  },
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof errorCatalog

/** Finer reasons of `payload_malformed`, `validation_rejected`, `unsupported_media_type`, `forbidden` and `conflict`. Stable. */
export const errorReasons = {
  json_syntax: 'Not valid JSON',
  json_encoding: 'Not valid UTF-8',
  cbor_truncated: 'CBOR ends too early',
  cbor_syntax: 'Not valid CBOR',
  cbor_trailing: 'Bytes follow the CBOR item',
  gzip_syntax: 'Not valid gzip',
  body_truncated: 'The body broke off or its chunks cannot be read',
  unsupported_encoding: 'This content encoding is not taken',
  unsupported_value: 'A kind of value that telemetry cannot hold',
  not_an_object: 'A JSON object was expected',
  empty_reading: 'No value in the reading',
  key_empty: 'An empty key',
  key_too_long: 'A key is too long',
  value_too_long: 'A value is too long',
  too_many_keys: 'Too many keys in a reading',
  too_deep: 'Nested too deeply',
  not_finite: 'A number that is not finite',
  batch_empty: 'A batch without items',
  batch_too_long: 'Too many items in a batch',
  batch_misplaced: 'A batch where one reading was expected',
  field_invalid: 'A field is missing or wrong',
  not_a_gateway: 'This device is not a gateway',
  parent_not_a_gateway: 'The parent is not a gateway of this tenant',
  gateway_with_parent: 'A gateway cannot have a parent',
  dev_eui_taken: 'Another device of the tenant has this DevEUI',
  gateway_has_children: 'The gateway still has children',
  idempotency_key_reused: 'This Idempotency-Key came with another body',
  already_set_up: 'A tenant exists already',
  plan_limit: 'The plan allows no more of these',
  tenant_mismatch: 'The query and the body name two tenants',
  protobuf_body: 'A protobuf body where JSON was expected',
  unknown_shape: 'A body of no known kind',
  device_unnamed: 'The body names no device',
  unknown_device: 'No device of the tenant is the one that is named',
  payload_encoding: 'The payload of an uplink is not base64',
  payload_encrypted: 'The payload of an uplink is still encrypted',
  undecodable: 'No decoder knows the payload of an uplink',
  foreign_origin: 'A page of another origin asked',
  no_tenant: 'The session works in no tenant',
  tenant_suspended: 'The tenant is suspended',
  access_only: 'People sign in through Cloudflare Access here',
  password_weak: 'The password is too easy to guess',
  password_wrong: 'The password is not the account’s',
  account_exists: 'There is an account with this e-mail; sign in to it first',
  other_account: 'The link is for another e-mail',
  already_member: 'The person is a member already',
  last_owner: 'A tenant keeps at least one owner',
  last_admin: 'Nobody would be left who could make an API key',
  last_platform_operator: 'The platform keeps at least one operator',
  default_profile: 'A tenant keeps its default device profile',
  hardware_id_taken: 'A device with this hardware id is there already',
} as const

export type ErrorReason = keyof typeof errorReasons

/** Which limit was hit, for 429 answers. `retryAfter` is in seconds. */
export interface LimitHit {
  readonly limit: string
  readonly remaining: number
  readonly retryAfter: number
}

export interface FieldError {
  /** JSON pointer (RFC 6901) into the body, or the name of a query parameter. */
  readonly pointer: string
  readonly code: string
  readonly detail: string
}

export interface AppErrorOptions {
  /** Written by us for the caller; never an exception's own words. */
  readonly detail: string
  readonly reason?: ErrorReason
  readonly limit?: LimitHit
  readonly retryAfter?: number
  readonly errors?: readonly FieldError[]
  /** Further members of the problem document. */
  readonly members?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/** The only error that crosses a layer. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly detail: string
  readonly reason: ErrorReason | undefined
  readonly limit: LimitHit | undefined
  readonly retryAfter: number | undefined
  readonly errors: readonly FieldError[] | undefined
  readonly members: Readonly<Record<string, unknown>> | undefined

  constructor(code: ErrorCode, options: AppErrorOptions) {
    super(`${code}: ${options.detail}`, { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.detail = options.detail
    this.reason = options.reason
    this.limit = options.limit
    this.retryAfter = options.limit?.retryAfter ?? options.retryAfter
    this.errors = options.errors
    this.members = options.members
  }

  get kind(): ErrorKind {
    return errorCatalog[this.code]
  }
}

/** An error as plain data: what crosses an RPC boundary, and what a batch answers for one item. */
export interface Fault {
  readonly code: ErrorCode
  readonly detail: string
  readonly reason?: ErrorReason
  readonly limit?: LimitHit
  readonly retryAfter?: number
}

export function toFault(error: AppError): Fault {
  return {
    code: error.code,
    detail: error.detail,
    ...(error.reason && { reason: error.reason }),
    ...(error.limit && { limit: error.limit }),
    ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
  }
}

export function fromFault(fault: Fault): AppError {
  const { code, ...options } = fault
  return new AppError(code, options)
}

/** A passing fault is never acknowledged; a lasting one is, where the protocol would resend for ever. */
export function isPassing(code: ErrorCode): boolean {
  return errorCatalog[code].retryable
}
