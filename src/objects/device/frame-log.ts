import { limits } from '../../domain/limits.ts'
import { countLoss, type PacketLoss } from '../../domain/packet-loss.ts'
import type { Frame, FrameCopy } from '../../domain/report.ts'
import type { DeviceStorage } from './storage.ts'

/** `passed`: a normalized copy that was not kept. `both`: one that was, and the uplink came all the same. */
type Copy = FrameCopy | 'passed' | 'both'

/** `place`: in which order they came. */
export const frameMigration = `CREATE TABLE frames (
  session TEXT NOT NULL, f_cnt INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (session, f_cnt)
) STRICT, WITHOUT ROWID`

/** `copy`: which of two messages of one uplink told of it. */
export const frameCopyMigration = "ALTER TABLE frames ADD COLUMN copy TEXT NOT NULL DEFAULT 'uplink'"

/** The counts of a LoRa device's last frames: what is missing between them was lost on the air. */
export class FrameLog {
  readonly #storage: DeviceStorage

  constructor(storage: DeviceStorage) {
    this.#storage = storage
  }

  /** One written row a frame; the same frame again is the same frame. */
  add(frames: readonly Frame[]): void {
    if (frames.length === 0) return
    for (const frame of frames) this.#add(frame, 'uplink')
    const { sql } = this.#storage
    sql.exec('DELETE FROM frames WHERE place <= (SELECT max(place) FROM frames) - ?', limits.framesKept)
  }

  #add({ session, fCnt }: Frame, copy: Copy): void {
    this.#storage.prepare()
    this.#storage.sql.exec(
      `INSERT INTO frames (session, f_cnt, place, copy) SELECT ?, ?, coalesce(max(place), 0) + 1, ? FROM frames
       WHERE true ON CONFLICT DO NOTHING`,
      session,
      Math.trunc(fCnt),
      copy,
    )
  }

  /**
   * Whether this copy of an uplink is the one to keep: of each only one is. A normalized copy is, unless the device's
   * uplinks came themselves lately: then this one will too.
   */
  claim(frame: Frame, copy: FrameCopy): boolean {
    const known = this.#copyOf(frame)
    if (copy === 'uplink') {
      if (known === undefined) this.#add(frame, copy)
      else if (known === 'passed') this.#set(frame, copy)
      else if (known === 'normalized') this.#set(frame, 'both')
      return known !== 'normalized' && known !== 'both'
    }
    if (known !== undefined) return known === 'normalized' || known === 'both'
    const isKept = !this.#hasUplinks()
    this.#add(frame, isKept ? 'normalized' : 'passed')
    return isKept
  }

  #copyOf({ session, fCnt }: Frame): Copy | undefined {
    if (!this.#storage.isReady) return undefined
    const query = 'SELECT copy FROM frames WHERE session = ? AND f_cnt = ?'
    return this.#storage.sql.exec<{ copy: Copy }>(query, session, Math.trunc(fCnt)).toArray()[0]?.copy
  }

  #set({ session, fCnt }: Frame, copy: Copy): void {
    const query = 'UPDATE frames SET copy = ? WHERE session = ? AND f_cnt = ?'
    this.#storage.sql.exec(query, copy, session, Math.trunc(fCnt))
  }

  #hasUplinks(): boolean {
    if (!this.#storage.isReady) return false
    const latest = 'SELECT copy FROM frames ORDER BY place DESC LIMIT ?'
    const copies = this.#storage.sql.exec<{ copy: Copy }>(latest, limits.framesForCopies).toArray()
    return copies.some(({ copy }) => copy === 'uplink' || copy === 'both')
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
