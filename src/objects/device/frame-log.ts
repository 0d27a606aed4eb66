import { limits } from '../../domain/limits.ts'
import { countLoss, type PacketLoss } from '../../domain/packet-loss.ts'
import type { Frame } from '../../domain/report.ts'
import type { DeviceStorage } from './storage.ts'

/** `place`: in which order they came. */
export const frameMigration = `CREATE TABLE frames (
  session TEXT NOT NULL, f_cnt INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (session, f_cnt)
) STRICT, WITHOUT ROWID`

/** The counts of a LoRa device's last frames: what is missing between them was lost on the air. */
export class FrameLog {
  readonly #storage: DeviceStorage

  constructor(storage: DeviceStorage) {
    this.#storage = storage
  }

  /** One written row a frame; the same frame again is the same frame. */
  add(frames: readonly Frame[]): void {
    if (frames.length === 0) return
    this.#storage.prepare()
    const { sql } = this.#storage
    for (const { session, fCnt } of frames) {
      sql.exec(
        `INSERT INTO frames (session, f_cnt, place) SELECT ?, ?, coalesce(max(place), 0) + 1 FROM frames
         WHERE true ON CONFLICT DO NOTHING`,
        session,
        Math.trunc(fCnt),
      )
    }
    sql.exec('DELETE FROM frames WHERE place <= (SELECT max(place) FROM frames) - ?', limits.framesKept)
  }

  /** Null: no frame came. */
  loss(): PacketLoss | null {
    if (!this.#storage.isReady) return null
    const frames = this.#storage.sql
      .exec<{ session: string; fCnt: number }>('SELECT session, f_cnt AS fCnt FROM frames ORDER BY place')
      .toArray()
    return frames.length > 0 ? countLoss(frames) : null
  }
}
