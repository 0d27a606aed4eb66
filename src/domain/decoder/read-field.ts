import type { TelemetryValue } from '../telemetry.ts'
import type { FieldSpec } from './spec.ts'

const widths: Readonly<Record<FieldSpec['type'], number | undefined>> = {
  uint8: 1,
  int8: 1,
  bool: 1,
  uint16: 2,
  int16: 2,
  uint24: 3,
  int24: 3,
  uint32: 4,
  int32: 4,
  float32: 4,
  uint64: 8,
  int64: 8,
  float64: 8,
  hex: undefined,
  text: undefined,
}

/** How many bytes a field looks at. */
export function widthOf({ type, length }: FieldSpec, left: number): number {
  return widths[type] ?? length ?? Math.max(0, left)
}

/** Undefined: it holds no value (a float that is not a number). The bytes are the field's own. */
export function readField(field: FieldSpec, bytes: Uint8Array): TelemetryValue | undefined {
  const { type } = field
  if (type === 'hex') return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  if (type === 'text') return new TextDecoder().decode(bytes).replaceAll('\0', '')
  if (type === 'bool') return ((bytes[0] ?? 0) & (field.bits ? 1 << field.bits.from : 0xff)) !== 0
  const number = type === 'float32' || type === 'float64' ? readFloat(field, bytes) : readInteger(field, bytes)
  const scaled = tidy(number * (field.scale ?? 1) + (field.add ?? 0))
  return Number.isFinite(scaled) ? scaled : undefined
}

function readFloat({ type, endian }: FieldSpec, bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isLittle = endian === 'little'
  return type === 'float32' ? view.getFloat32(0, isLittle) : view.getFloat64(0, isLittle)
}

function readInteger({ type, endian, bits }: FieldSpec, bytes: Uint8Array): number {
  const ordered = endian === 'little' ? bytes.toReversed() : bytes
  let value = 0n
  for (const byte of ordered) value = (value << 8n) | BigInt(byte)
  const width = bits?.count ?? bytes.length * 8
  if (bits) value >>= BigInt(bits.from)
  return Number(type.startsWith('u') ? BigInt.asUintN(width, value) : BigInt.asIntN(width, value))
}

/** 241 × 0.1 is 24.1, not 24.100000000000001. */
function tidy(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(12))
}
