import { emptyRecord, type TelemetryValues } from '../../domain/telemetry.ts'

/** What is known of the air that an uplink came through, at the radio gateway that heard it best. */
export interface Radio {
  readonly rssi?: number
  readonly snr?: number
  readonly fCnt: number
  readonly fPort?: number
  readonly dr?: number | string
  readonly radioGateway?: string
}

export interface Reception {
  /** Undefined: left out, which is 0 where all leave it out; networks that pass frames on may hide it. */
  readonly rssi: number | undefined
  readonly snr: number
  readonly radioGateway: string | undefined
}

export function best(receptions: readonly Reception[]): Omit<Radio, 'fCnt'> {
  const level = ({ rssi = Number.NEGATIVE_INFINITY }: Reception) => rssi
  // Of two unknown ones the difference is NaN: then the second measure decides too.
  const [first] = receptions.toSorted((a, b) => level(b) - level(a) || b.snr - a.snr)
  if (!first) return {}
  const { rssi = 0, snr, radioGateway } = first
  return { rssi, snr, ...(radioGateway !== undefined && { radioGateway }) }
}

export function radioValues({ rssi, snr, fCnt, fPort, dr, radioGateway }: Radio): TelemetryValues {
  const values = emptyRecord<TelemetryValues[string]>()
  const all = { rssi, snr, f_cnt: fCnt, f_port: fPort, dr, gateway: radioGateway }
  for (const [name, value] of Object.entries(all)) if (value !== undefined) values[`lora_${name}`] = value
  return values
}
