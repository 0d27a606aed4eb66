import { log } from '../../log.ts'
import { deleteExpiredUsage } from '../../store/usage.ts'
import type { World } from '../context.ts'
import { rollOutRules } from './roll-out-rules.ts'
import { sweepDeletedDevices } from './sweep-deleted-devices.ts'
import { sweepInbox } from './sweep-inbox.ts'
import { sweepOldReadings } from './sweep-old-readings.ts'
import { sweepPeople } from './sweep-people.ts'

/** What cron does every minute, each in bounded steps; one that fails does not stop the others. */
export async function sweep({ world, now }: { readonly world: World; readonly now: number }): Promise<void> {
  const jobs = {
    deleted_devices: () => sweepDeletedDevices({ world, now }),
    rule_rollouts: () => rollOutRules({ world, now }),
    old_readings: () => sweepOldReadings({ world, now }),
    webhook_inbox: () => sweepInbox({ world, now }),
    people: () => sweepPeople({ world, now }),
    expired_usage: () => deleteExpiredUsage(world.registry.$client, now, 1000),
  }
  for (const [job, run] of Object.entries(jobs)) {
    try {
      await run()
    } catch (error) {
      log('error', 'sweep_failed', { job, error })
    }
  }
}
