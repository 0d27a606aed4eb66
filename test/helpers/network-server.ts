import { vi } from 'vitest'

export interface Asked {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

/** A network server in the place of all that is outside: what it was asked, and what it answers. */
export class NetworkServer {
  readonly asked: Asked[] = []
  answer: (asked: Asked) => Response | Promise<Response> = () => Response.json({})

  static open(): NetworkServer {
    const server = new NetworkServer()
    vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
      const request = new Request(input, init as RequestInit)
      const body = (await request.clone().json()) as Record<string, unknown>
      const asked = { url: new URL(request.url), method: request.method, headers: request.headers, body }
      server.asked.push(asked)
      return server.answer(asked)
    })
    return server
  }
}
