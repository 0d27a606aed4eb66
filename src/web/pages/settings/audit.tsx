import { useState } from 'preact/hooks'
import { type AuditEntry, listAudit } from '../../api/people.ts'
import { Button } from '../../ui/button.tsx'
import { Empty, Loaded } from '../../ui/loaded.tsx'
import { Scroll } from '../../ui/scroll.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { useLoad } from '../../use-load.ts'

export function AuditPart() {
  const first = useLoad(() => listAudit(), [])
  const [more, setMore] = useState<{ readonly items: readonly AuditEntry[]; readonly nextBefore: string | null }>()
  async function loadMore(before: string) {
    const next = await listAudit(before)
    setMore({ items: [...(more?.items ?? []), ...next.items], nextBefore: next.nextBefore })
  }
  return (
    <Loaded of={first}>
      {({ items, nextBefore }) => {
        const before = more ? more.nextBefore : nextBefore
        if (items.length === 0) return <Empty title="Nothing was changed yet" />
        return (
          <>
            <div class="card flush">
              {[...items, ...(more?.items ?? [])].map((entry) => (
                <Entry key={entry.id} entry={entry} />
              ))}
            </div>
            {before !== null && (
              <div class="row">
                <Button onClick={() => void loadMore(before).catch(() => toast('No answer. Try again.'))}>
                  Show more
                </Button>
              </div>
            )}
          </>
        )
      }}
    </Loaded>
  )
}

const pretty = (value: unknown) => (value == null ? '–' : JSON.stringify(value, null, 2))

function Entry({
  entry: { at, actor, actorName, address, action, target, before, after },
}: {
  readonly entry: AuditEntry
}) {
  return (
    <details class="event">
      <summary>
        <Time at={at} />
        <span>{actorName ?? actor}</span>
        <span class="event-text">
          {action.replaceAll('_', ' ')} {target && <code>{target}</code>}
        </span>
      </summary>
      <div class="event-body">
        {address && <p class="hint">From {address}</p>}
        <div class="side-by-side">
          <div>
            <h3>Before</h3>
            <Scroll label="Before" kind="pre">
              {pretty(before)}
            </Scroll>
          </div>
          <div>
            <h3>After</h3>
            <Scroll label="After" kind="pre">
              {pretty(after)}
            </Scroll>
          </div>
        </div>
      </div>
    </details>
  )
}
