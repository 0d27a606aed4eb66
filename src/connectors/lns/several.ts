import { digest } from '../../domain/digest.ts'
import { AppError, toFault } from '../../domain/errors.ts'
import type { Report } from '../../domain/report.ts'
import type { WebhookMeta } from '../connector.ts'
import { checkItemCount, rawText } from '../native-document.ts'

/**
 * One body, or an array of bodies as a forwarder collects them; each is judged on its own.
 * @throws AppError where a body that stands alone cannot be read
 */
export function readSeveral(
  value: unknown,
  meta: WebhookMeta,
  readOne: (item: unknown, meta: WebhookMeta) => Report,
): Report[] {
  if (!Array.isArray(value)) return [readOne(value, meta)]
  checkItemCount(value.length)
  return value.map((item: unknown, index) => {
    try {
      return { ...readOne(item, { ...meta, digest: digest(item) }), index, item }
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      const rejected = [{ index, fault: toFault(error), raw: rawText(item) }]
      return { index, address: {}, uplinks: [], rejected, events: [], isHeard: false, item }
    }
  })
}
