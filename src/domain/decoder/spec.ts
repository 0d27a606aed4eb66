/** How a device profile turns the bytes of an uplink into values. Data, never code. */
export type DecoderSpec = { readonly kind: 'cayenne_lpp' } | FieldsSpec

export interface FieldsSpec {
  readonly kind: 'fields'
  readonly fields: readonly FieldSpec[]
}

export const numberTypes = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint24',
  'int24',
  'uint32',
  'int32',
  'uint64',
  'int64',
  'float32',
  'float64',
] as const
export const fieldTypes = [...numberTypes, 'bool', 'hex', 'text'] as const

export interface FieldSpec {
  readonly name: string
  /** The first byte; from the end where it is negative. */
  readonly offset: number
  readonly type: (typeof fieldTypes)[number]
  /** Big where it is not said, as most LoRaWAN payloads are. */
  readonly endian?: 'big' | 'little' | undefined
  /** Of an integer: so many bits from this one on, 0 the lowest. Of a bool: the one bit. */
  readonly bits?: { readonly from: number; readonly count: number } | undefined
  /** Of hex and text: the number of bytes; to the end where it is not said. */
  readonly length?: number | undefined
  /** value × scale + add */
  readonly scale?: number | undefined
  readonly add?: number | undefined
  /** For people. */
  readonly unit?: string | undefined
  /** Only in uplinks of these ports. */
  readonly fPort?: number | readonly number[] | undefined
  /** Left out where the payload is too short for it; else the payload as a whole is not decoded. */
  readonly optional?: boolean | undefined
}
