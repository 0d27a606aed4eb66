import { setTimeout as sleep } from 'node:timers/promises'
import { Signals } from './signals.ts'
import type { Tally } from './tally.ts'
import type { Sender, SimDevice, SimReading, Way } from './way.ts'

const tickMs = 20
/** A device does not hold a batch back longer than this. */
const collectMs = 2_000
/** Messages that wait for an answer at once; beyond them readings come late, and the rate says so. */
const inFlightMax = 128
/** After the last reading: for answers that are still out, and for those who were told to come again. */
export const graceMs = 15_000

interface Lane {
  readonly device: SimDevice
  readonly way: Way
  readonly sender: Sender
  readings: SimReading[]
  since: number
}

export interface DriveOptions {
  readonly fleet: readonly SimDevice[]
  readonly open: readonly { readonly way: Way; readonly sender: Sender }[]
  /** Readings a second, of all devices together. */
  readonly rate: number
  readonly seconds: number
  readonly tally: Tally
}

/** Devices measure in turn, and each of them uses the ways in turn. */
export async function drive({ fleet, open, rate, seconds, tally }: DriveOptions): Promise<void> {
  const startedAt = Date.now()
  const end = startedAt + seconds * 1000
  const signals = fleet.map((_, index) => new Signals(index, startedAt))
  const lanes = fleet.map((device) =>
    open.map(({ way, sender }): Lane => ({ device, way, sender, readings: [], since: 0 })),
  )
  const inFlight = new Set<Promise<void>>()
  const post = (lane: Lane) => {
    const { device, sender, readings } = lane
    lane.readings = []
    const work = sender
      .send(device, readings, end + graceMs)
      .then((outcome) => tally.add(device, readings, outcome))
      .finally(() => inFlight.delete(work))
    inFlight.add(work)
  }

  while (Date.now() < end) {
    const due = Math.floor(((Date.now() - startedAt) / 1000) * rate)
    while (tally.sent < due && inFlight.size < inFlightMax) {
      const index = tally.sent % fleet.length
      const turn = Math.floor(tally.sent / fleet.length)
      const lane = lanes[index]?.[(turn + index) % open.length] as Lane
      if (lane.readings.length === 0) lane.since = Date.now()
      lane.readings.push((signals[index] as Signals).next(Date.now()))
      tally.sent++
      if (lane.readings.length >= lane.way.perMessage) post(lane)
    }
    const late = Date.now() - collectMs
    for (const lane of lanes.flat()) if (lane.readings.length > 0 && lane.since < late) post(lane)
    await sleep(tickMs)
  }
  for (const lane of lanes.flat()) if (lane.readings.length > 0) post(lane)
  await Promise.all(inFlight)
}
