import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Demo, runDemo } from '../../scripts/demo.ts'
import { startLocalServer } from '../../scripts/local-server.ts'
import { leaksIn } from '../helpers/leaks.ts'

export interface DemoServer {
  readonly url: string
  /** Holds demo.json. */
  readonly stateDir: string
  readonly setupToken: string
  readonly demo: Demo
  /** What the Worker has logged so far. */
  readonly logged: readonly string[]
  /** @throws Error where a credential stands in the log */
  stop(): Promise<void>
}

/** The production bundle on a free port, with a data folder of its own and the demo's devices in it. */
export async function startDemoServer(vars: Readonly<Record<string, string>> = {}): Promise<DemoServer> {
  const dir = mkdtempSync(join(tmpdir(), 'autoconnecto-e2e-'))
  const stateDir = join(dir, 'state')
  const setupToken = 'e2e-setup-token'
  const logged: string[] = []
  const server = await startLocalServer({
    port: 0,
    stateDir,
    outDir: join(dir, 'worker'),
    vars: { SETUP_TOKEN: setupToken, ...vars },
    quiet: true,
    onLog: (line) => logged.push(line),
  })
  const { url } = server
  const demo = await runDemo({ baseUrl: url, stateDir, setupToken })
  return {
    url,
    stateDir,
    setupToken,
    demo,
    logged,
    async stop() {
      await server.stop()
      const tokens = Object.values(demo.devices).map(({ token }) => token)
      const leaks = leaksIn(logged, [setupToken, ...tokens])
      if (leaks.length > 0) throw new Error(`Credentials in the log:\n${leaks.join('\n')}`)
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
