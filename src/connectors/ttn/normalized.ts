import type { RejectedUplink, Uplink } from '../../domain/uplink.ts'
import type { WebhookMeta } from '../connector.ts'
import { type Radio, radioValues } from '../lns/radio.ts'
import { merge, type Said } from '../lns/reports.ts'
import { firstTime } from '../lns/times.ts'
import { keepValues } from '../lns/values.ts'
import { isObject } from '../native-document.ts'

/**
 * Measurements of the fixed schema (lorawan-devices, lib/payload.json): a list in an uplink_message, a single one in an
 * uplink_normalized. Both give the same readings, so that whoever sends both stores them once. Undefined: there is none.
 */
export function readNormalized(
  normalized: unknown,
  times: readonly unknown[],
  radio: Radio,
  meta: WebhookMeta,
): Said | undefined {
  const measurements = (Array.isArray(normalized) ? normalized : [normalized]).filter(isObject)
  const uplinks: Uplink[] = []
  const rejected: RejectedUplink[] = []
  for (const { time, ...measurement } of measurements) {
    const when = firstTime([time, ...times], meta.receivedAt)
    const kept = keepValues(measurement, uplinks.length)
    rejected.push(...kept.rejected)
    const same = uplinks.find(({ ts }) => ts === when.ts)
    if (kept.values && same) Object.assign(same.values, kept.values)
    else if (kept.values) uplinks.push({ index: uplinks.length, ...when, values: kept.values })
  }
  if (uplinks.length === 0 && rejected.length === 0) return undefined
  const [first, ...rest] = uplinks
  const facts = meta.settings.radioFacts ? radioValues(radio) : {}
  const withFacts = first ? [{ ...first, values: merge(facts, first.values) }, ...rest] : []
  return { uplinks: withFacts, rejected, events: [], isHeard: true }
}
