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
  readonly rssi: number
  readonly snr: number
  readonly radioGateway: string | undefined
}

export function best(receptions: readonly Reception[]): Omit<Radio, 'fCnt'> {
  const [first] = receptions.toSorted((a, b) => b.rssi - a.rssi || b.snr - a.snr)
  if (!first) return {}
  const { rssi, snr, radioGateway } = first
  return { rssi, snr, ...(radioGateway !== undefined && { radioGateway }) }
}

export function radioValues({ rssi, snr, fCnt, fPort, dr, radioGateway }: Radio): TelemetryValues {
  const values = emptyRecord<TelemetryValues[string]>()
  const all = { rssi, snr, f_cnt: fCnt, f_port: fPort, dr, gateway: radioGateway }
  for (const [name, value] of Object.entries(all)) if (value !== undefined) values[`lora_${name}`] = value
  return values
}
