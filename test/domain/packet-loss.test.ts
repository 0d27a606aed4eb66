import { describe, expect, it } from 'vitest'
import { countLoss } from '../../src/domain/packet-loss.ts'

const frames = (...counts: number[]) => counts.map((fCnt) => ({ fCnt, session: 'a' }))

describe('packet loss', () => {
  it.each([
    ['nothing is lost', frames(1, 2, 3), { received: 3, lost: 0 }],
    ['gaps are lost frames', frames(1, 3, 7), { received: 3, lost: 4 }],
    ['order does not matter', frames(7, 1, 3), { received: 3, lost: 4 }],
    ['a counter that falls back begins anew', frames(500, 501, 0, 1, 3), { received: 5, lost: 1 }],
    ['a counter that leaps begins anew', frames(1, 2, 60_000), { received: 3, lost: 0 }],
    ['a new session begins anew', [...frames(8, 9), { fCnt: 0, session: 'b' }], { received: 3, lost: 0 }],
    ['no frame', [], { received: 0, lost: 0 }],
  ])('%s', (_, all, loss) => {
    expect(countLoss(all)).toEqual(loss)
  })
})
