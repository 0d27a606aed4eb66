const firstPauseMs = 250
const longestPauseMs = 5_000
const attemptMs = 20_000

export interface PostResult<T> {
  /** Absent: no time was left. */
  readonly answer?: { readonly status: number; readonly body: T }
  readonly retries: number
  readonly latency: number
}

interface Attempt<T> {
  readonly answer?: { readonly status: number; readonly body: T }
  /** What the server asks for, in ms. */
  readonly pause?: number
}

/** Posts until there is an answer that is neither 429 nor 503, honouring Retry-After, or `deadline` has come. */
export async function postUntil<T>(
  url: string,
  contentType: string,
  body: string | Uint8Array<ArrayBuffer>,
  deadline: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<PostResult<T>> {
  let pause = firstPauseMs
  for (let retries = 0; ; retries++) {
    const startedAt = performance.now()
    const { answer, pause: asked } = await attempt<T>(url, { ...headers, 'content-type': contentType }, body)
    const latency = performance.now() - startedAt
    if (answer && answer.status !== 429 && answer.status !== 503) return { answer, retries, latency }
    const wait = asked ?? pause
    if (Date.now() + wait > deadline) return { retries, latency }
    await new Promise((wake) => setTimeout(wake, wait))
    pause = Math.min(pause * 2, longestPauseMs)
  }
}

/** A request that does not get through has no answer; neither has one whose answer breaks off. */
async function attempt<T>(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array<ArrayBuffer>,
): Promise<Attempt<T>> {
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(attemptMs) })
    const answer = { status: response.status, body: (await response.json()) as T }
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
    return Number.isFinite(seconds) ? { answer, pause: seconds * 1000 } : { answer }
  } catch {
    return {}
  }
}
