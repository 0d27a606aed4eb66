import { describe, expect, it } from 'vitest'
import { isSharedFilter, isTopicFilter, isTopicName, matches, ownTopic, respell } from '../../../src/mqtt/topics.ts'

describe('topics', () => {
  it('tells a topic name [MQTT-4.7.3-1] [MQTT-4.7.3-2] [MQTT-3.3.2-2]', () => {
    for (const name of ['a', '/', 'a//b', ' ', '$SYS/x', 'ä/🌡', 'x'.repeat(65_535)])
      expect(isTopicName(name)).toBe(true)
    for (const name of ['', 'a/+', '#', 'a\0b', 'x'.repeat(65_536), 'ä'.repeat(40_000)])
      expect(isTopicName(name)).toBe(false)
  })

  it('tells a topic filter [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.1-3]', () => {
    for (const filter of ['#', '+', 'a/#', '+/+', '/+', 'a/+/b', '+/a/#', '/']) expect(isTopicFilter(filter)).toBe(true)
    for (const filter of ['', 'a#', '#/a', 'a/#/b', 'a+', 'a/+b', '##', '\0']) expect(isTopicFilter(filter)).toBe(false)
  })

  it('matches as section 4.7 says [MQTT-4.7.2-1]', () => {
    const yes = [
      'sport/#:sport',
      'sport/#:sport/a/b',
      '#:a/b',
      '+:a',
      '+/+:/finance',
      '/+:/finance',
      'a/+/c:a/b/c',
      '$SYS/#:$SYS/x',
      'a/+:a/',
    ]
    const no = ['sport/+:sport', '+:/finance', '#:$SYS/x', '+/x:$SYS/x', 'a/b:a', 'a:a/b', 'A:a']
    const holds = (pair: string) => matches(...(pair.split(':') as [string, string]))
    expect(yes.filter((pair) => !holds(pair))).toEqual([])
    expect(no.filter(holds)).toEqual([])
  })

  it('knows a shared subscription', () => {
    expect(isSharedFilter('$share/g/a')).toBe(true)
    expect(isSharedFilter('$shared/g')).toBe(false)
  })

  it('knows the topics of a device under all their spellings', () => {
    const topic = 'me/telemetry'
    expect(ownTopic('devices/T/telemetry', 'T')).toEqual({ path: 'telemetry', topic, spelling: 'devices' })
    expect(ownTopic('v1/devices/T/telemetry', 'T')).toEqual({ path: 'telemetry', topic, spelling: 'v1' })
    expect(ownTopic('v1/devices/me/telemetry', 'T')).toEqual({ path: 'telemetry', topic, spelling: 'me' })
    expect(ownTopic('v1/gateway/rpc', 'T')).toEqual({ path: 'rpc', topic: 'v1/gateway/rpc', spelling: 'gateway' })
    expect(ownTopic('devices/T/#', 'T')?.path).toBe('#')
    for (const other of [
      'devices/S/telemetry',
      'devices/+/telemetry',
      '#',
      'devices/T',
      'devices/T/',
      'devices/TT/x',
      'x',
      '',
    ]) {
      expect(ownTopic(other, 'T')).toBeUndefined()
    }
  })

  it('names a topic as the client does', () => {
    expect(respell('me/rpc/request/1', 'T', 'me')).toBe('v1/devices/me/rpc/request/1')
    expect(respell('me/x', 'T', 'v1')).toBe('v1/devices/T/x')
    expect(respell('me/x', 'T', 'devices')).toBe('devices/T/x')
    expect(respell('v1/gateway/rpc', 'T', 'gateway')).toBe('v1/gateway/rpc')
  })
})
