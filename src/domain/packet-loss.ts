import { limits } from './limits.ts'
import type { Frame } from './report.ts'

/** Of the last frames of a device. */
export interface PacketLoss {
  readonly received: number
  readonly lost: number
}

/** Frames in the order in which they came. The counter of a session that falls back or leaps was begun anew. */
export function countLoss(frames: readonly Frame[]): PacketLoss {
  const runs: { session: string; least: number; most: number; received: number }[] = []
  const current = new Map<string, (typeof runs)[number]>()
  for (const { session, fCnt } of frames) {
    const run = current.get(session)
    if (run && fCnt > run.most - limits.framesLate && fCnt < run.most + limits.framesLeap) {
      run.received++
      run.least = Math.min(run.least, fCnt)
      run.most = Math.max(run.most, fCnt)
    } else {
      const begun = { session, least: fCnt, most: fCnt, received: 1 }
      runs.push(begun)
      current.set(session, begun)
    }
  }
  const sent = runs.reduce((sum, { least, most }) => sum + most - least + 1, 0)
  return { received: frames.length, lost: sent - frames.length }
}
