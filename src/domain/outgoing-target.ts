/** `url`: where a request may go. `refusal`: why none may. */
export type OutgoingTarget = { readonly url: URL } | { readonly refusal: string }

/**
 * Requests of ours go over TLS to public names only: whoever may name an address must not reach what is behind us.
 * `allowsLoopback`: a fake server beside a test. A name that leads to a private address is not told from another here;
 * the platform's own network leads to none.
 */
export function readTarget(text: string, allowsLoopback: boolean): OutgoingTarget {
  if (!URL.canParse(text)) return { refusal: 'It is no URL.' }
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return { refusal: 'It holds a user name or a password.' }
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (isLoopback(host)) {
    const isWeb = url.protocol === 'http:' || url.protocol === 'https:'
    return allowsLoopback && isWeb ? { url } : { refusal: 'It leads to this machine itself.' }
  }
  if (url.protocol !== 'https:') return { refusal: 'Only https is spoken.' }
  if (isPrivate(host)) return { refusal: 'It leads to a private network.' }
  return { url }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** The URL parser has made four plain numbers of whatever spelling of an IPv4 address there was. */
function isPrivate(host: string): boolean {
  const four = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host)?.slice(1).map(Number)
  if (four) return isPrivateV4(four[0] as number, four[1] as number)
  // Global unicast (RFC 4291, 2.4), without what carries an IPv4 address within (6to4, Teredo).
  if (host.includes(':')) return !/^[23][0-9a-f]{3}:/.test(host) || /^(?:2002|2001:0?):/.test(host)
  return !host.includes('.') || /\.(?:local|internal|intranet|lan|home|corp|home\.arpa)$/.test(host)
}

/** RFC 6890, by the first two of four. */
function isPrivateV4(a: number, b: number): boolean {
  const isReserved = a === 0 || a === 10 || a === 127 || a >= 224
  const isLocal = (a === 172 && b >= 16 && b <= 31) || (a === 192 && (b === 168 || b === 0)) || (a === 169 && b === 254)
  return isReserved || isLocal || (a === 100 && b >= 64 && b <= 127) || (a === 198 && (b === 18 || b === 19))
}
