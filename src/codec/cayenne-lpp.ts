import { emptyRecord, type TelemetryValues } from '../domain/telemetry.ts'

/** One number of an item: bytes, signed or not, what it is divided by, and within what it can be right. */
interface Part {
  readonly name: string
  readonly size: number
  readonly isSigned: boolean
  readonly divisor: number
  readonly within?: readonly [number, number]
}

interface Kind {
  readonly name: string
  readonly parts: readonly Part[]
}

const one = (
  name: string,
  size: number,
  isSigned: boolean,
  divisor: number,
  within?: readonly [number, number],
): Kind => ({ name, parts: [{ name: '', size, isSigned, divisor, ...(within && { within }) }] })

const axes = (name: string, divisor: number): Kind => ({
  name,
  parts: ['x', 'y', 'z'].map((axis) => ({ name: axis, size: 2, isSigned: true, divisor })),
})

/** By the IPSO number less 3200, named as The Things Stack names them. */
const kinds: Readonly<Record<number, Kind>> = {
  0: one('digital_in', 1, false, 1),
  1: one('digital_out', 1, false, 1),
  2: one('analog_in', 2, true, 100),
  3: one('analog_out', 2, true, 100),
  100: one('generic', 4, false, 1),
  101: one('luminosity', 2, false, 1),
  102: one('presence', 1, false, 1),
  103: one('temperature', 2, true, 10, [-273, 1_500]),
  104: one('relative_humidity', 1, false, 2, [0, 100]),
  113: axes('accelerometer', 1_000),
  115: one('barometric_pressure', 2, false, 10, [100, 1_300]),
  116: one('voltage', 2, false, 100),
  117: one('current', 2, false, 1_000),
  118: one('frequency', 4, false, 1),
  120: one('percentage', 1, false, 1, [0, 100]),
  121: one('altitude', 2, true, 1),
  125: one('concentration', 2, false, 1),
  128: one('power', 2, false, 1),
  130: one('distance', 4, false, 1_000),
  131: one('energy', 4, false, 1_000),
  132: one('direction', 2, false, 1, [0, 360]),
  133: one('unix_time', 4, false, 1),
  134: axes('gyrometer', 100),
  136: {
    name: 'gps',
    parts: [
      { name: 'latitude', size: 3, isSigned: true, divisor: 10_000, within: [-90, 90] },
      { name: 'longitude', size: 3, isSigned: true, divisor: 10_000, within: [-180, 180] },
      { name: 'altitude', size: 3, isSigned: true, divisor: 100 },
    ],
  },
  142: one('switch', 1, false, 1, [0, 1]),
}

/**
 * Cayenne Low Power Payload: channel, type, value, again and again. Undefined where the bytes are anything else: an
 * unknown type, an item that is cut off or stands twice, a value that cannot be. So other formats are not misread.
 */
export function decodeCayenneLpp(bytes: Uint8Array): TelemetryValues | undefined {
  const values = emptyRecord<TelemetryValues[string]>()
  let at = 0
  while (at < bytes.length) {
    const channel = bytes[at] ?? 0
    const kind = kinds[bytes[at + 1] ?? -1]
    if (!kind) return undefined
    at += 2
    for (const part of kind.parts) {
      if (at + part.size > bytes.length) return undefined
      const name = `${kind.name}_${channel}${part.name && `.${part.name}`}`
      const value = readPart(part, bytes.subarray(at, at + part.size))
      if (value === undefined || name in values) return undefined
      values[name] = value
      at += part.size
    }
  }
  return at > 0 ? values : undefined
}

function readPart({ isSigned, divisor, within }: Part, bytes: Uint8Array): number | undefined {
  let raw = 0
  for (const byte of bytes) raw = raw * 256 + byte
  const span = 256 ** bytes.length
  const value = (isSigned && raw >= span / 2 ? raw - span : raw) / divisor
  return within && (value < within[0] || value > within[1]) ? undefined : value
}
