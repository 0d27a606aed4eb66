import type { Context } from 'hono'
import type { AppEnv } from './app-env.ts'

export function streamCsv(c: Context<AppEnv>, filename: string, lines: AsyncGenerator<string>): Promise<Response> {
  return streamLines(c, 'text/csv; charset=utf-8', filename, lines)
}

/** Lines as they are made: the answer is never whole in memory. The first is awaited, so that an error is answered. */
export async function streamLines(
  c: Context<AppEnv>,
  contentType: string,
  filename: string,
  lines: AsyncGenerator<string>,
): Promise<Response> {
  const encoder = new TextEncoder()
  let next = await lines.next()
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (next.done) return controller.close()
      controller.enqueue(encoder.encode(next.value))
      next = await lines.next()
    },
    async cancel() {
      await lines.return(undefined)
    },
  })
  return c.body(stream, 200, {
    'content-type': contentType,
    'content-disposition': `attachment; filename="${filename}"`,
  })
}
