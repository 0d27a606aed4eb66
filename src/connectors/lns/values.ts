import { AppError, toFault } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { emptyRecord, type TelemetryValues, toValues } from '../../domain/telemetry.ts'
import type { RejectedUplink } from '../../domain/uplink.ts'
import { isObject, rawText } from '../native-document.ts'

export interface Kept {
  /** Undefined: there is none. */
  readonly values: TelemetryValues | undefined
  readonly rejected: readonly RejectedUplink[]
}

/** A network server sends a body once: what breaks a rule in it takes nothing else down. */
export function keepValues(decoded: unknown, index: number): Kept {
  const document = isObject(decoded) ? decoded : { value: decoded }
  try {
    return { values: toValues(document), rejected: [] }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (error.reason === 'empty_reading') return { values: undefined, rejected: [] }
    return keepEach(document, index)
  }
}

function keepEach(document: Readonly<Record<string, unknown>>, index: number): Kept {
  const values = emptyRecord<TelemetryValues[string]>()
  const rejected: RejectedUplink[] = []
  let count = 0
  for (const key of Object.keys(document)) {
    try {
      const own = toValues({ [key]: document[key] })
      const keys = Object.keys(own)
      if (count + keys.length > limits.keysPerReading) {
        const detail = `A reading holds at most ${limits.keysPerReading} keys.`
        throw new AppError('validation_rejected', { reason: 'too_many_keys', detail })
      }
      count += keys.length
      for (const name of keys) values[name] = own[name] as TelemetryValues[string]
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      if (error.reason === 'empty_reading') continue
      rejected.push({ index, fault: toFault(error), raw: rawText({ [key]: document[key] }) })
    }
  }
  return { values: count > 0 ? values : undefined, rejected }
}
