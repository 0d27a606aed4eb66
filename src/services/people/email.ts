import * as z from 'zod'
import { limits } from '../../domain/limits.ts'

/** One mailbox has one spelling here. */
export function normalEmail(email: string): string {
  return email.trim().toLowerCase()
}

export const emailSchema = z.string().trim().toLowerCase().max(limits.emailLength).pipe(z.email())
