// The product with device objects that take their time, each as long as it is told: PUT /_slow {deviceId: ms}.
import product, { DeviceObject as ProductDevice } from '../src/index.ts'

export * from '../src/index.ts'

let slow = {}

export class DeviceObject extends ProductDevice {
  async observe(observation) {
    const ms = slow[observation.device.deviceId]
    if (ms) await new Promise((wake) => setTimeout(wake, ms))
    return super.observe(observation)
  }
}

export default {
  ...product,
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== '/_slow') return product.fetch(request, env, ctx)
    slow = await request.json()
    return Response.json(slow)
  },
}
