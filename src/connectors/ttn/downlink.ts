import type { DownlinkOrder } from '../../domain/downlink.ts'
import { limits } from '../../domain/limits.ts'
import type { DownlinkTarget } from '../../domain/network-route.ts'

/** The body of `down/push` and `down/replace`. Our id comes back with every word of it. */
export function toTtnDownlink({ id, payload, fPort, isConfirmed }: DownlinkOrder): unknown {
  const content = 'bytes' in payload ? { frm_payload: payload.bytes } : { decoded_payload: payload.document }
  return {
    downlinks: [{ ...content, f_port: fPort, priority: 'NORMAL', confirmed: isConfirmed, correlation_ids: [id] }],
  }
}

/**
 * Where it takes downlinks, as the headers of its webhooks say where one has a downlink API key. A target elsewhere than
 * at the server that speaks is none.
 */
export function readTtnTarget(header: (name: string) => string | undefined): DownlinkTarget | undefined {
  const [key, push, replace] = ['apikey', 'push', 'replace'].map((name) => header(`x-downlink-${name}`)?.trim())
  if (!key || !push || !replace || [key, push, replace].some(({ length }) => length > limits.outgoingUrlLength))
    return undefined
  const domain = header('x-tts-domain')?.trim().toLowerCase()
  const isOwn = [push, replace].every((text) => URL.canParse(text) && isAt(new URL(text), domain))
  return isOwn ? { push, replace, key } : undefined
}

function isAt({ host, hostname }: URL, domain: string | undefined): boolean {
  return domain === undefined || domain === '' || domain === host || domain === hostname
}
