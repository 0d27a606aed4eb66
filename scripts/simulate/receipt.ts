import type { PostResult } from './post.ts'
import type { Outcome, SimReading } from './way.ts'

/** What the telemetry doors answer, with 200 or as a problem document. */
export interface Receipt {
  readonly code?: string
  readonly rejected?: readonly { readonly index: number; readonly code: string }[]
}

export function toOutcome(readings: readonly SimReading[], result: PostResult<Receipt>): Outcome {
  const { answer, retries, latency } = result
  if (!answer) return { accepted: [], rejected: [], retries, latency }
  const { status, body } = answer
  const faults = new Map((body.rejected ?? []).map(({ index, code }) => [index, code]))
  const codeOf = (index: number) => faults.get(index) ?? (status === 200 ? undefined : (body.code ?? String(status)))
  const accepted = readings.filter((_, index) => codeOf(index) === undefined)
  const rejected = readings.flatMap((reading, index) => {
    const code = codeOf(index)
    return code === undefined ? [] : [{ reading, code }]
  })
  return { accepted, rejected, retries, latency }
}
