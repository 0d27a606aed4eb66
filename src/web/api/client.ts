import { credentialHeaders, sessionEnded } from '../session.ts'

export interface FieldFault {
  readonly pointer: string
  readonly detail: string
}

interface Problem {
  readonly code?: string
  readonly reason?: string
  readonly detail?: string
  readonly retryable?: boolean
  readonly errors?: readonly FieldFault[]
}

/** What the server answered instead, or that it did not answer (status 0). */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly reason: string | undefined
  readonly fields: readonly FieldFault[]
  /** The same request may succeed later. */
  readonly isPassing: boolean

  constructor(status: number, problem: Problem) {
    super(problem.detail ?? 'The server did not answer.')
    this.status = status
    this.code = problem.code ?? 'unreachable'
    this.reason = problem.reason
    this.fields = problem.errors ?? []
    this.isPassing = problem.retryable ?? status === 0
  }
}

export interface CallOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly json?: unknown
  readonly text?: { readonly body: string; readonly type: string }
  readonly accept?: string
  /** Of whoever installs it, before there is anybody. */
  readonly setupToken?: string
  readonly signal?: AbortSignal
}

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

export function withQuery(path: string, query: CallOptions['query'] = {}): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const search = new URLSearchParams(entries.map(([key, value]) => [key, String(value)])).toString()
  return search === '' ? path : `${path}?${search}`
}

/** @throws ApiError */
export async function request(method: Method, path: string, options: CallOptions = {}): Promise<Response> {
  const { query, json, text, accept, setupToken, signal } = options
  const type = json === undefined ? text?.type : 'application/json'
  const body = json === undefined ? text?.body : JSON.stringify(json)
  const response = await fetch(withQuery(path, query), {
    method,
    headers: {
      ...credentialHeaders(),
      ...(accept && { accept }),
      ...(setupToken && { 'x-setup-token': setupToken }),
      ...(type !== undefined && { 'content-type': type }),
    },
    ...(body !== undefined && { body }),
    ...(signal && { signal }),
  }).catch((cause: unknown) => {
    if (signal?.aborted) throw cause
    throw new ApiError(0, { detail: 'The server could not be reached.' })
  })
  if (response.ok) return response
  const error = new ApiError(response.status, await problemOf(response))
  if (error.status === 401) sessionEnded()
  throw error
}

/** @throws ApiError */
export async function call<T>(method: Method, path: string, options?: CallOptions): Promise<T> {
  const response = await request(method, path, options)
  return (response.status === 204 ? undefined : await response.json()) as T
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem
  } catch {
    return { code: 'internal', detail: `The server answered ${response.status}.`, retryable: response.status >= 500 }
  }
}

/** What a person can do about it. */
export function adviceFor(error: unknown): string {
  if (!(error instanceof ApiError)) return 'Reload the page. If it happens again, tell who runs this installation.'
  if (error.status === 0) return 'Check your connection, then try again.'
  if (error.code === 'migrations_pending') return 'Whoever runs this installation must apply the migrations.'
  if (error.status === 401) return 'Sign in again.'
  if (error.status === 403) return 'Ask an administrator of your tenant for this right.'
  if (error.status === 404) return 'It may have been deleted. Go back to the list.'
  if (error.status === 409) return 'Reload to see what changed, then try again.'
  if (error.status === 429) return 'Wait a minute, then try again.'
  if (error.isPassing) return 'Try again in a moment.'
  return 'Correct it and try again.'
}

export function messageOf(error: unknown): string {
  return error instanceof ApiError ? error.message : 'Something in this page went wrong.'
}
