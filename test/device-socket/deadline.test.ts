import { describe, expect, it } from 'vitest'
import { Deadline } from '../../src/objects/device/deadline.ts'

function storage(set: number | null = null, failures = 0) {
  const alarms = { at: set, writes: 0 }
  const fake = {
    getAlarm: async () => {
      if (failures-- > 0) throw new Error('storage')
      return alarms.at
    },
    setAlarm: async (at: number) => {
      alarms.at = at
      alarms.writes++
    },
  }
  return { alarms, deadline: new Deadline(fake as unknown as DurableObjectStorage) }
}

describe('the one alarm of an object', () => {
  it('rings for the earliest of those who set it at once', async () => {
    const { alarms, deadline } = storage()
    await Promise.all([500, 1_000, 300, 700].map((at) => deadline.arm(at)))
    expect(alarms).toEqual({ at: 300, writes: 2 })
  })

  it('is never put off, and costs nothing where it does not move', async () => {
    const { alarms, deadline } = storage(400)
    await deadline.arm(900)
    await deadline.arm(400)
    expect(alarms).toEqual({ at: 400, writes: 0 })
  })

  it('is set again after a storage that failed once', async () => {
    const { alarms, deadline } = storage(null, 1)
    await expect(deadline.arm(500)).rejects.toThrow('storage')
    await deadline.arm(600)
    expect(alarms.at).toBe(600)
  })
})
