import { withDeadline } from '../../domain/deadline.ts'
import { limits } from '../../domain/limits.ts'

export interface CalledOut {
  readonly status: number
  /** Its beginning, where it is long. */
  readonly text: string
  readonly retryAfterMs: number | undefined
}

export interface OutgoingCall {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** One POST of JSON to a target that was looked at: no redirect is followed, nothing is waited for long or read without end. */
export async function callOut({ url, headers, body }: OutgoingCall): Promise<CalledOut> {
  const signal = AbortSignal.timeout(limits.outgoingMs)
  const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body, signal }
  const response = await fetch(url.href, { ...init, redirect: 'manual' })
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return {
    status: response.status,
    // What it said first stands, however it says the rest.
    text: await withDeadline(readBeginning(response), limits.outgoingMs).catch(() => ''),
    retryAfterMs: Number.isFinite(seconds) ? Math.max(0, seconds) * 1000 : undefined,
  }
}

async function readBeginning(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  while (reader && text.length < limits.outgoingAnswerBytes) {
    const { done, value } = await reader.read()
    if (done) return text
    text += decoder.decode(value, { stream: true })
  }
  await reader?.cancel()
  return text.slice(0, limits.outgoingAnswerBytes)
}
