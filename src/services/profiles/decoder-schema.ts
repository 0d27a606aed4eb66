import * as z from 'zod'
import { type DecoderSpec, fieldTypes } from '../../domain/decoder/spec.ts'
import { limits } from '../../domain/limits.ts'

const port = z.number().int().min(0).max(255)

const field = z.object({
  name: z.string().min(1).max(limits.keyLength),
  offset: z.number().int().min(-255).max(255),
  type: z.enum(fieldTypes),
  endian: z.enum(['big', 'little']).optional(),
  bits: z.object({ from: z.number().int().min(0).max(63), count: z.number().int().min(1).max(64) }).optional(),
  length: z.number().int().min(1).max(255).optional(),
  scale: z.number().optional(),
  add: z.number().optional(),
  unit: z.string().max(32).optional(),
  fPort: z.union([port, z.array(port).min(1).max(16)]).optional(),
  optional: z.boolean().optional(),
})

/** How a profile's devices are decoded where the network server does not do it. */
export const decoderSchema: z.ZodType<DecoderSpec> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('cayenne_lpp') }),
  z.object({ kind: z.literal('fields'), fields: z.array(field).min(1).max(limits.decoderFields) }),
])
