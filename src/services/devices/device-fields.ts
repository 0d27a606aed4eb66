import * as z from 'zod'
import { limits } from '../../domain/limits.ts'

/** U+0000 would end the text in SQLite; half of a surrogate pair is no character. */
const text = z
  .string()
  .regex(/^[^\0]*$/, 'A text holds no U+0000.')
  .overwrite((value) => value.toWellFormed())

/** What a device's own fields may be, in a request and in an import file. */
export const deviceName = text.trim().min(1).max(limits.nameLength)
export const deviceType = text.trim().min(1).max(limits.deviceTypeLength)
export const deviceLabel = text.max(limits.nameLength)
export const inactivityTimeout = z.number().int().min(limits.inactivityTimeoutMinMs).max(limits.inactivityTimeoutMaxMs)
export const retentionDays = z.number().int().min(1).max(limits.retentionDaysMax)
