import { commonPasswords } from './common-passwords.ts'
import { limits } from './limits.ts'

/** Why nobody should have this password, or undefined. */
export function weaknessOf(password: string, email: string): string | undefined {
  const length = [...password].length
  if (length < limits.passwordLength) return `A password has at least ${limits.passwordLength} characters.`
  if (length > limits.passwordLengthMax) return `A password has at most ${limits.passwordLengthMax} characters.`
  const plain = password.toLowerCase()
  const own = email.toLowerCase()
  if (new Set(plain).size < 4) return 'This password repeats a few characters.'
  if (plain === own || wordIn(plain) === wordIn(own.split('@')[0] ?? '')) {
    return 'A password is not the e-mail.'
  }
  return isCommon(plain) ? 'This password is among the commonest.' : undefined
}

/** Also with a few digits and signs around it, as "P@ssw0rd2026!": these are what guessers try first. */
function isCommon(plain: string): boolean {
  const word = wordIn(plain)
  return commonPasswords.has(plain) || (word.length >= plain.length - 6 && commonPasswords.has(word))
}

const lookalikes: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '@': 'a',
  $: 's',
}

/** Without the digits and signs around it, and with letters where others stand for them. */
function wordIn(plain: string): string {
  const inner = plain.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
  return inner.replace(/[01345@$]/g, (sign) => lookalikes[sign] ?? sign)
}

/** One password has one form, however a keyboard composes its letters (NIST 800-63B, 3.1.1.2). */
export function normalPassword(password: string): string {
  return password.normalize('NFKC')
}
