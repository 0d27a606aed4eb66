import { describe, expect, it } from 'vitest'
import { limits } from '../../src/domain/limits.ts'
import { Flow } from '../../src/objects/device/flow.ts'

describe('what a live reader has not confirmed', () => {
  it('is what was sent after the last check that it answered, in whatever order answers come', () => {
    const flow = new Flow()
    const size = limits.liveCheckBytes / 2
    const checks = Array.from({ length: 6 }, () => flow.add(size)).filter((check) => check !== undefined)
    expect(checks).toEqual([1, 2, 3])
    expect(flow.unread).toBe(6 * size)
    flow.confirm(2)
    expect(flow.unread).toBe(2 * size)
    flow.confirm(1)
    flow.confirm(99)
    expect(flow.unread).toBe(2 * size)
    flow.confirm(3)
    expect(flow.unread).toBe(0)
  })
})
