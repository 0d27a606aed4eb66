import { limits } from '../limits.ts'
import { emptyRecord, type TelemetryValues } from '../telemetry.ts'
import { readField, widthOf } from './read-field.ts'
import type { FieldSpec, FieldsSpec } from './spec.ts'

/**
 * The values of a payload, or undefined where the spec does not fit it: it has no field for this port, or one that
 * the payload is too short for. Bounded by the number of fields and the bytes that they look at.
 */
export function runDecoder(
  spec: FieldsSpec,
  bytes: Uint8Array,
  fPort: number | undefined,
): TelemetryValues | undefined {
  const values = emptyRecord<TelemetryValues[string]>()
  let steps = 0
  for (const field of spec.fields) {
    if (!isFor(field, fPort)) continue
    const start = field.offset < 0 ? bytes.length + field.offset : field.offset
    const width = widthOf(field, bytes.length - start)
    steps += 1 + width
    if (steps > limits.decoderSteps) return undefined
    if (start < 0 || start + width > bytes.length) {
      if (field.optional) continue
      return undefined
    }
    const value = readField(field, bytes.subarray(start, start + width))
    if (value !== undefined) values[field.name] = value
  }
  return Object.keys(values).length > 0 ? values : undefined
}

function isFor({ fPort: wanted }: FieldSpec, fPort: number | undefined): boolean {
  return wanted === undefined || (fPort !== undefined && [wanted].flat().includes(fPort))
}
