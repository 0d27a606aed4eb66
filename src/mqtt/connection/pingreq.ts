import type { Context } from './context.ts'

/** [MQTT-3.12.4-1] */
export function handlePingreq(context: Context): void {
  context.send({ type: 'pingresp' })
}
