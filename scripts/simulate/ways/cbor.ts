import { Encoder } from 'cbor-x'
import { postUntil } from '../post.ts'
import { type Receipt, toOutcome } from '../receipt.ts'
import type { Way } from '../way.ts'

const encoder = new Encoder({ useRecords: false })

export const cbor: Way = {
  id: 'cbor',
  perMessage: 1,
  async open(baseUrl) {
    return {
      async send({ token }, readings, deadline) {
        const body = new Uint8Array(encoder.encode({ ...readings[0]?.values, ts: readings[0]?.ts }))
        const url = `${baseUrl}/api/v1/${token}/telemetry`
        return toOutcome(readings, await postUntil<Receipt>(url, 'application/cbor', body, deadline))
      },
      async close() {},
    }
  },
}
