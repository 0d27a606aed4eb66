import { postUntil } from '../post.ts'
import { type Receipt, toOutcome } from '../receipt.ts'
import type { Way } from '../way.ts'

export const http: Way = {
  id: 'http',
  perMessage: 1,
  async open(baseUrl) {
    return {
      async send({ token }, readings, deadline) {
        const body = JSON.stringify({ ...readings[0]?.values, ts: readings[0]?.ts })
        const url = `${baseUrl}/api/v1/${token}/telemetry`
        return toOutcome(readings, await postUntil<Receipt>(url, 'application/json', body, deadline))
      },
      async close() {},
    }
  },
}
