import { postUntil } from '../post.ts'
import { type Receipt, toOutcome } from '../receipt.ts'
import type { Way } from '../way.ts'

export const batch: Way = {
  id: 'batch',
  perMessage: 10,
  async open(baseUrl) {
    return {
      async send({ token }, readings, deadline) {
        const body = JSON.stringify({ items: readings.map(({ ts, values }) => ({ telemetry: values, ts })) })
        const url = `${baseUrl}/api/v1/${token}/telemetry/batch`
        return toOutcome(readings, await postUntil<Receipt>(url, 'application/json', body, deadline))
      },
      async close() {},
    }
  },
}
