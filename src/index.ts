import { createApp } from './app.ts'
import { createPlatform } from './objects/stubs.ts'
import type { World } from './services/context.ts'
import { sweep } from './services/sweep/sweep.ts'
import { openRegistry } from './store/registry.ts'
import { openTelemetryStore } from './store/telemetry-store.ts'

export { DeviceObject } from './objects/device-object.ts'
export { MqttBroker } from './objects/mqtt-broker.ts'
export { TelemetryWriter } from './objects/telemetry-writer.ts'

const worlds = new WeakMap<Env, World>()

function worldOf(env: Env): World {
  let world = worlds.get(env)
  if (!world) {
    world = {
      registry: openRegistry(env.DB),
      telemetry: openTelemetryStore(env),
      platform: createPlatform(env),
      setupToken: env.SETUP_TOKEN,
    }
    worlds.set(env, world)
  }
  return world
}

const app = createApp(worldOf)

export default {
  fetch: app.fetch,
  async scheduled(controller, env) {
    await sweep({ world: worldOf(env), now: controller.scheduledTime })
  },
} satisfies ExportedHandler<Env>
