const encoder = new TextEncoder()

/** As UTF-8. Encodes only where the number of characters leaves it open. */
export function isLongerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true
  return text.length * 3 > bytes && encoder.encode(text).length > bytes
}
