import { decodeCayenneLpp } from '../codec/cayenne-lpp.ts'
import { runDecoder } from '../domain/decoder/run-decoder.ts'
import type { DecoderSpec } from '../domain/decoder/spec.ts'
import { AppError, type Fault, toFault } from '../domain/errors.ts'
import type { Payload } from '../domain/report.ts'
import { emptyRecord, type TelemetryValues, toValues } from '../domain/telemetry.ts'
import type { Uplink } from '../domain/uplink.ts'

/** The uplink, or why there is none. `ignored`: the server's own decoder found nothing, and there is no other. */
export type Decoded = { readonly uplink: Uplink } | { readonly ignored: string } | { readonly fault: Fault }

/** By the device profile's decoder; without one, bytes that are CayenneLPP and nothing else are read as that. */
export function decodePayload(payload: Payload, decoder: DecoderSpec | undefined): Decoded {
  if (!decoder && payload.isDecoded) return { ignored: 'The decoder of the network server found no values.' }
  try {
    const values = valuesOf(payload, decoder)
    if (!values) return { fault: undecodable(payload, decoder) }
    const all = Object.assign(emptyRecord<TelemetryValues[string]>(), payload.radio, toValues(values))
    return { uplink: { ...payload.uplink, values: all } }
  } catch (error) {
    if (error instanceof AppError) return { fault: toFault(error) }
    throw error
  }
}

function valuesOf({ bytes, fPort }: Payload, decoder: DecoderSpec | undefined): TelemetryValues | undefined {
  return decoder?.kind === 'fields' ? runDecoder(decoder, bytes, fPort) : decodeCayenneLpp(bytes)
}

function undecodable({ bytes, fPort }: Payload, decoder: DecoderSpec | undefined): Fault {
  const which = decoder
    ? "The decoder of the device's profile does not fit"
    : 'No decoder is set for the device, and CayenneLPP is not'
  const detail = `${which} these ${bytes.length} bytes${fPort === undefined ? '' : ` of port ${fPort}`}.`
  return { code: 'payload_malformed', reason: 'undecodable', detail }
}
