import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Demo, runDemo } from '../../scripts/demo.ts'
import { startLocalServer } from '../../scripts/local-server.ts'

export interface DemoServer {
  readonly url: string
  /** Holds demo.json. */
  readonly stateDir: string
  readonly setupToken: string
  readonly demo: Demo
  stop(): Promise<void>
}

/** The production bundle on a free port, with a data folder of its own and the demo's devices in it. */
export async function startDemoServer(): Promise<DemoServer> {
  const dir = mkdtempSync(join(tmpdir(), 'autoconnecto-e2e-'))
  const stateDir = join(dir, 'state')
  const setupToken = 'e2e-setup-token'
  const server = await startLocalServer({
    port: 0,
    stateDir,
    outDir: join(dir, 'worker'),
    vars: { SETUP_TOKEN: setupToken },
    quiet: true,
  })
  const { url } = server
  const demo = await runDemo({ baseUrl: url, stateDir, setupToken })
  return {
    url,
    stateDir,
    setupToken,
    demo,
    async stop() {
      await server.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
