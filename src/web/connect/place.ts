import type { Catalog } from '../api/types.ts'

/** All that a snippet is made of. */
export interface Place {
  readonly baseUrl: string
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly token: string
  readonly tenantId: string
  readonly devEui: string
}

export function placeOf(
  catalog: Catalog,
  device: { readonly token: string; readonly devEui: string },
  tenantId: string,
) {
  const { baseUrl, host, port, tls } = catalog
  return { baseUrl, host, port, tls, tenantId, ...device } satisfies Place
}

/** A port that stands in no URL is the usual one. */
export function socketUrl({ baseUrl }: Pick<Place, 'baseUrl'>, path: string): string {
  return `${baseUrl.replace(/^http/, 'ws')}${path}`
}

export const testValues = { temperature: 25 }
export const testJson = JSON.stringify(testValues)
