const hexPerLine = 16

function toHex(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += hexPerLine) {
    lines.push([...bytes.subarray(at, at + hexPerLine)].map((byte) => byte.toString(16).padStart(2, '0')).join(' '))
  }
  return lines.join('\n')
}

/** The bytes as they came, and what they say as far as it can be read. */
export function decodeRaw(base64: string): { readonly raw: string; readonly text: string } {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { raw: toHex(bytes), text: 'These bytes are no text.' }
  }
  try {
    return { raw: text, text: JSON.stringify(JSON.parse(text), null, 2) }
  } catch {
    return { raw: toHex(bytes), text }
  }
}
