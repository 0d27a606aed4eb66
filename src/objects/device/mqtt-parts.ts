import type { DeviceId } from '../../domain/ids.ts'
import type { DeviceIdentity } from '../../domain/principal.ts'
import { emptyRecord } from '../../domain/telemetry.ts'
import type { Message } from '../../mqtt/space/message.ts'
import type { PipelineContext } from '../../pipeline/context.ts'
import { resolveChildNames } from '../../services/devices/child-names.ts'
import type { DeviceLink, Downlink } from '../../services/ports.ts'
import type { Registry } from '../../store/registry.ts'
import { brokerStub } from '../stubs.ts'
import { BrokerOutbox } from './broker-outbox.ts'
import { changesMessages, childMessages, commandMessages, jsonMessage } from './mqtt-downlinks.ts'
import { MqttSpace, sharedTopic } from './mqtt-space.ts'
import { type TopicsHost, takeMessage } from './mqtt-topics.ts'
import type { DeviceStorage } from './storage.ts'

export const mqttChildrenMigration =
  'CREATE TABLE mqtt_children (device_id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID'

export interface MqttHost {
  readonly env: Env
  readonly registry: Registry
  readonly storage: DeviceStorage
  readonly self: DeviceLink
  readonly pipeline: PipelineContext
  heard(device: DeviceIdentity): void
  opened(device: DeviceIdentity, way: string): void
  closed(way: string, why: string): void
  listens(): void
  arm(at: number): void
  background(work: Promise<unknown>): void
}

/** The device's MQTT clients: their space, what their messages mean, and how they are told something. */
export function furnishMqtt({ env, registry, storage, self, pipeline, heard, background, ...host }: MqttHost) {
  const now = () => Date.now()
  const space: MqttSpace = new MqttSpace(storage, {
    ...host,
    outbox: new BrokerOutbox({
      broker: (name) => brokerStub(env, name),
      gone: (connections) => space.lost(connections),
      background,
    }),
    async snapshot(device) {
      const values = emptyRecord<unknown>()
      for (const { key, value } of await self.attributes(device, ['shared'], 'device')) values[key] = value
      return { ...jsonMessage(sharedTopic, values), retain: true }
    },
    takeWill: (device, will, repeat) => takeMessage(topics, device, will, { repeat }),
    background,
    now,
  })

  const topics: TopicsHost = {
    uplinks: {
      ...pipeline,
      findChildrenByName: (gateway, names) => resolveChildNames({ registry }, gateway, names, now()),
    },
    heard,
    publish: (message, from) => space.publish(message, from),
    tell: (message) => void space.spread(message, 'open'),
    nameChild(child, name) {
      storage.prepare()
      const query = `INSERT INTO mqtt_children (device_id, name) VALUES (?1, ?2)
        ON CONFLICT DO UPDATE SET name = ?2 WHERE name <> ?2`
      storage.sql.exec(query, child, name)
    },
    now,
  }

  function nameOf(child: DeviceId): string {
    const query = 'SELECT name FROM mqtt_children WHERE device_id = ?'
    return storage.sql.exec<{ name: string }>(query, child).toArray()[0]?.name ?? child
  }

  const tellAll = (messages: readonly Message[], audience: 'all' | 'open' = 'open') =>
    messages.map((message) => space.spread(message, audience)).findLast(Boolean)

  return {
    space,
    take: (device: DeviceIdentity, message: Message, from: string) => takeMessage(topics, device, message, { from }),
    /** The way by which it went; undefined: no client listens. Changes wait for sessions that are away, commands do not. */
    tell(messages: readonly Downlink[]): string | undefined {
      const way = tellAll(changesMessages(messages), 'all')
      return tellAll(messages.flatMap((message) => (message.kind === 'command' ? commandMessages(message) : []))) ?? way
    },
    /** Of a gateway's clients: those that speak as ThingsBoard gateways do, else those that listen for its own commands. */
    tellChild(child: DeviceId, messages: readonly Downlink[]): string | undefined {
      if (space.connections().length === 0) return undefined
      const commands = messages.flatMap((message) =>
        message.kind === 'command' ? commandMessages(message, child) : [],
      )
      return tellAll(childMessages(messages, nameOf(child))) ?? tellAll(commands)
    },
  }
}
