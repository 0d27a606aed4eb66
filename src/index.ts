import { createApp } from './app.ts'
import { outgoingPowers } from './env.ts'
import { createPlatform } from './objects/stubs.ts'
import type { World } from './services/context.ts'
import { openAccess } from './services/people/access.ts'
import { sweep } from './services/sweep/sweep.ts'
import { openRegistry } from './store/registry.ts'
import { openTelemetryStore } from './store/telemetry-store.ts'

export { DeviceObject } from './objects/device-object.ts'
export { MqttBroker } from './objects/mqtt-broker.ts'
export { SignInObject } from './objects/sign-in-object.ts'
export { TelemetryWriter } from './objects/telemetry-writer.ts'

const worlds = new WeakMap<Env, World>()

function worldOf(env: Env): World {
  let world = worlds.get(env)
  if (!world) {
    const access = openAccess(env.ACCESS_TEAM_DOMAIN, env.ACCESS_AUDIENCE)
    world = {
      registry: openRegistry(env.DB),
      telemetry: openTelemetryStore(env),
      platform: createPlatform(env),
      setupToken: env.SETUP_TOKEN,
      ...(access && { access }),
      ...outgoingPowers(env),
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
