import { describe, expect, it } from 'vitest'
import type { DeviceId } from '../../src/domain/ids.ts'
import { DeskWorld, newRule } from './desk.ts'

const above = (threshold: number, durationSec = 0, severity = 'MAJOR' as const) => ({
  severity,
  operator: '>' as const,
  threshold,
  durationSec,
})

describe('a rule of values', () => {
  it('flaps below its hysteresis as one alarm', async () => {
    const world = new DeskWorld(newRule({ hysteresis: 5 }))
    for (const [i, t] of [81, 79, 82, 76, 81, 75].entries()) {
      await world.goTo(i * 1_000)
      await world.send({ t })
    }
    expect(world.history).toEqual(['raised MAJOR 0', 'cleared MAJOR 5000'])
  })

  it('is raised at the second that its duration ends, whether a reading or the clock tells', async () => {
    for (const tells of ['clock', 'reading']) {
      const world = new DeskWorld(newRule({ severityStages: [above(80, 30)] }))
      await world.send({ t: 90 })
      if (tells === 'clock') await world.goTo(60_000)
      else {
        world.now = 60_000 // the object's alarm is late
        await world.send({ t: 90 })
      }
      expect(world.history).toEqual(['raised MAJOR 30000'])
    }
  })

  it('judges a backlog in its own time, and waits for the rest of it', async () => {
    const world = new DeskWorld(newRule({ severityStages: [above(80, 30)] }))
    await world.goTo(3_600_000)
    await world.send({ t: 90 }, 10_000)
    await world.goTo(3_601_000)
    await world.send({ t: 20 }, 20_000) // after 10 s it was over
    await world.goTo(3_700_000)
    expect(world.history).toEqual([])
    await world.send({ t: 90 }, 100_000)
    await world.goTo(3_729_000)
    expect(world.history).toEqual([])
    await world.goTo(3_731_000)
    expect(world.history).toEqual(['raised MAJOR 130000'])
  })

  it('looks at one value of a moment: the first that came', async () => {
    const world = new DeskWorld(newRule())
    await world.goTo(1_000)
    await world.send({ t: 90 }, 500)
    await world.send({ t: 20 }, 500)
    expect(world.history).toEqual(['raised MAJOR 500'])
  })

  it('escalates and never goes back; the retrigger time holds over an eviction', async () => {
    const rule = newRule({
      severityStages: [above(80), { ...above(90), severity: 'CRITICAL' }],
      policies: { clearAfterSec: 0, retriggerSec: 60 },
    })
    const world = new DeskWorld(rule)
    for (const [i, t] of [85, 95, 85, 20, 95].entries()) {
      await world.goTo(i * 1_000)
      await world.send({ t })
      world.evict()
    }
    await world.goTo(100_000)
    expect(world.history).toEqual([
      'raised MAJOR 0',
      'escalated CRITICAL 1000',
      'cleared CRITICAL 3000',
      'raised CRITICAL 63000',
    ])
  })

  it('compares texts and booleans, and values of another type say nothing', async () => {
    const door = newRule({
      ruleId: 'door',
      key: 'open',
      valueType: 'BOOLEAN',
      severityStages: [{ severity: 'MINOR', operator: '==', threshold: true, durationSec: 0 }],
    })
    const state = newRule({
      ruleId: 'state',
      key: 'state',
      valueType: 'STRING',
      severityStages: [{ severity: 'WARNING', operator: 'contains', threshold: 'fault', durationSec: 0 }],
    })
    const world = new DeskWorld(door, state, newRule())
    await world.send({ open: true, state: 'motor fault', t: 'hot' })
    expect(world.history).toEqual(['raised MINOR 0', 'raised WARNING 0'])
  })
})

describe('rules that change', () => {
  it('are looked up once a revision, and an older one does not bring them back', async () => {
    const world = new DeskWorld(newRule())
    await world.send({ t: 90 })
    const old = world.device
    world.rules = []
    world.revision = 2
    world.device = { ...old, rulesRevision: 2 }
    await world.send({ t: 91 }, 1)
    expect(world.history).toEqual(['raised MAJOR 0', 'cleared MAJOR 0'])
    expect(world.told[1]?.alarm.clearedBy).toBe('rule_removed')
    world.device = old
    world.evict()
    await world.send({ t: 92 }, 2)
    expect(world.loads).toBe(2)
    expect(world.told).toHaveLength(2)
  })

  it('keep an alarm that is open', async () => {
    const world = new DeskWorld(newRule())
    await world.send({ t: 90 })
    world.rules = [newRule({ name: 'Hotter', severityStages: [above(85)] })]
    world.revision = 2
    world.device = { ...world.device, rulesRevision: 2 }
    await world.goTo(1_000)
    await world.send({ t: 86 })
    await world.goTo(2_000)
    await world.send({ t: 84 })
    expect(world.history).toEqual(['raised MAJOR 0', 'cleared MAJOR 2000'])
  })

  it('hold up a reading only where none are known and the registry is away', async () => {
    const world = new DeskWorld(newRule())
    world.isRegistryAway = true
    await expect(world.send({ t: 90 })).rejects.toThrow()
    world.isRegistryAway = false
    await world.send({ t: 90 })
    world.isRegistryAway = true
    world.device = { ...world.device, rulesRevision: 2 }
    await world.goTo(1_000)
    await world.send({ t: 20 })
    expect(world.history).toEqual(['raised MAJOR 0', 'cleared MAJOR 1000'])
    expect(world.saved).toHaveLength(1)
    world.evict()
    world.isRegistryAway = false
    await world.goTo(60_000)
    expect(world.saved).toEqual(world.told)
  })

  it('cost a device without any nothing', async () => {
    const world = new DeskWorld()
    const { rulesRevision: _, ...device } = world.device
    expect(world.desk.observe(device, [{ ts: 1, values: { t: 90 } }], 1)).toBeUndefined()
    expect(world.desk.ring()).toBeUndefined()
    expect(world.loads).toBe(0)
  })
})

describe('silence', () => {
  it('of a child is its gateway’s while that is silent too', async () => {
    const offline = newRule({ triggerMode: 'OFFLINE', key: '', severityStages: [above(0)] })
    const world = new DeskWorld(offline)
    world.device = { ...world.device, parentGatewayId: 'g' as DeviceId, inactivityTimeoutMs: 60_000 }
    await world.goTo(10_000)
    await world.send({ t: 1 })
    await world.goTo(600_000)
    expect(world.history).toEqual([])
    world.gatewayHeard = 610_000
    await world.goTo(700_000)
    expect(world.told).toHaveLength(1)
    await world.send({ t: 1 })
    expect(world.told.map(({ event }) => event.kind)).toEqual(['raised', 'cleared'])
  })

  it('is not told of a device that speaks often, and costs few rows', async () => {
    const offline = newRule({ triggerMode: 'OFFLINE', key: '', severityStages: [above(0)] })
    const world = new DeskWorld(offline)
    for (let second = 0; second < 3_600; second += 20) {
      await world.goTo(second * 1_000)
      await world.desk.observe(world.device, [], world.now)
      if (second % 300 === 0) world.evict()
    }
    expect(world.history).toEqual([])
    await world.goTo(3_600_000 + 700_000)
    expect(world.told).toHaveLength(1)
  })
})

describe('people', () => {
  it('clear what holds still; the next reading raises it anew', async () => {
    const world = new DeskWorld(newRule())
    await world.send({ t: 90 })
    await world.desk.act('alarm-0', { kind: 'clear', by: 'person:1' })
    expect(await world.desk.act('alarm-0', { kind: 'clear', by: 'person:1' })).toBeUndefined()
    await world.goTo(1_000)
    await world.send({ t: 90 })
    expect(world.told.map(({ alarm, event }) => [alarm.id, event.kind, event.by])).toEqual([
      ['alarm-0', 'raised', undefined],
      ['alarm-0', 'cleared', 'person:1'],
      ['alarm-1', 'raised', undefined],
    ])
  })

  it('shelve a rule: its next alarm is on the shelf too, until it is over', async () => {
    const world = new DeskWorld(newRule())
    await world.send({ t: 90 })
    await world.desk.act('alarm-0', { kind: 'shelve', by: 'p', until: 5_000 })
    for (const [at, t] of [
      [1_000, 20],
      [2_000, 90],
      [3_000, 20],
      [6_000, 90],
    ] as const) {
      await world.goTo(at)
      world.evict()
      await world.send({ t })
    }
    const raised = world.told.filter(({ event }) => event.kind === 'raised')
    expect(raised.map(({ alarm }) => alarm.shelvedUntil)).toEqual([null, 5_000, null])
  })
})
