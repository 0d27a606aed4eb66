import { useState } from 'preact/hooks'
import { approveEntry, deleteInboxEntry, getInboxEntry, listInbox, replayEntry } from '../../api/endpoints.ts'
import type { InboxEntry } from '../../api/types.ts'
import { formatBytes } from '../../format.ts'
import { Button } from '../../ui/button.tsx'
import { Pills } from '../../ui/choice.tsx'
import { Confirm, Dialog } from '../../ui/dialog.tsx'
import { Fault } from '../../ui/fault.tsx'
import { Field } from '../../ui/field.tsx'
import { Empty, Loaded } from '../../ui/loaded.tsx'
import { Scroll } from '../../ui/scroll.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { useInterval, useLoad } from '../../use-load.ts'

const views = [
  { id: 'waiting', label: 'Waiting' },
  { id: 'all', label: 'All' },
] as const
type View = (typeof views)[number]['id']

/** Calls that became no reading, kept as they came: unknown devices to approve, and the rest to replay once mended. */
export function Inbox({ onChanged }: { readonly onChanged: () => void }) {
  const [view, setView] = useState<View>('waiting')
  const inbox = useLoad(() => listInbox(view === 'all'), [view])
  const [approving, setApproving] = useState<InboxEntry | undefined>(undefined)
  const [dismissing, setDismissing] = useState<InboxEntry | undefined>(undefined)
  useInterval(() => void inbox.reload(), 10_000, approving === undefined && dismissing === undefined)
  async function changed() {
    onChanged()
    await inbox.reload()
  }
  async function replay({ id }: InboxEntry) {
    try {
      const { isDone, accepted, detail } = await replayEntry(id)
      toast(isDone ? `Replayed: ${accepted} readings stored` : `Not yet: ${detail ?? 'it is still refused.'}`)
    } catch {
      toast('It could not be replayed now. Try again in a moment.')
    }
    await changed()
  }
  return (
    <section class="stack" aria-labelledby="inbox">
      <div class="row between">
        <div>
          <h2 id="inbox">Inbox</h2>
          <p class="hint">Messages that became no reading, for 7 days.</p>
        </div>
        <Pills<View> label="Show" options={views} value={view} onChange={setView} />
      </div>
      <Loaded of={inbox}>
        {({ items }) => (
          <div class="card flush">
            {items.length === 0 ? (
              <Empty title="Nothing waits">
                <p>Unknown devices and messages that could not be read are listed here.</p>
              </Empty>
            ) : (
              items.map((entry) => (
                <Entry
                  key={entry.id}
                  entry={entry}
                  onApprove={() => setApproving(entry)}
                  onReplay={() => void replay(entry)}
                  onDismiss={() => setDismissing(entry)}
                />
              ))
            )}
          </div>
        )}
      </Loaded>
      {approving && (
        <Approve
          entry={approving}
          onClose={() => setApproving(undefined)}
          onDone={() => {
            setApproving(undefined)
            void changed()
          }}
        />
      )}
      {dismissing && (
        <Confirm
          title="Dismiss this message?"
          action="Dismiss"
          onClose={() => setDismissing(undefined)}
          onConfirm={async () => {
            await deleteInboxEntry(dismissing.id)
            await changed()
          }}
        >
          <p>It is removed from the inbox and cannot be replayed any more.</p>
        </Confirm>
      )}
    </section>
  )
}

interface EntryProps {
  readonly entry: InboxEntry
  readonly onApprove: () => void
  readonly onReplay: () => void
  readonly onDismiss: () => void
}

const reasons: Readonly<Record<string, string>> = { unknown_device: 'unknown device' }

function Entry({ entry, onApprove, onReplay, onDismiss }: EntryProps) {
  const { receivedAt, reason, connector, devEui, detail, bytes, replayedAt } = entry
  const [isOpen, setOpen] = useState(false)
  return (
    <details class="event" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Time at={receivedAt} />
        <span>
          <span class={replayedAt === null ? 'badge warn' : 'badge ok'}>
            {replayedAt === null ? (reasons[reason] ?? reason.replaceAll('_', ' ')) : 'replayed'}
          </span>
        </span>
        <span>
          <span class="muted">{connector} </span>
          {devEui ? <code>{devEui}</code> : detail}
        </span>
      </summary>
      <div class="event-body">
        <p>
          {detail} <span class="hint">{formatBytes(bytes)}</span>
        </p>
        {isOpen && <Body id={entry.id} />}
        <div class="row">
          {reason === 'unknown_device' && replayedAt === null && (
            <Button kind="primary" onClick={onApprove}>
              Approve as device
            </Button>
          )}
          <Button onClick={onReplay}>Replay</Button>
          <Button onClick={onDismiss}>Dismiss…</Button>
        </div>
      </div>
    </details>
  )
}

function Body({ id }: { readonly id: string }) {
  const entry = useLoad(() => getInboxEntry(id), [id])
  return (
    <Loaded of={entry}>
      {({ body, raw }) => (
        <Scroll label="Body" kind="pre">
          {body ?? raw ?? 'Nothing was kept.'}
        </Scroll>
      )}
    </Loaded>
  )
}

interface ApproveProps {
  readonly entry: InboxEntry
  readonly onClose: () => void
  readonly onDone: () => void
}

function Approve({ entry, onClose, onDone }: ApproveProps) {
  const [name, setName] = useState('')
  const [error, setError] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)
  async function approve(event: Event) {
    event.preventDefault()
    setBusy(true)
    try {
      const made = await approveEntry(entry.id, name.trim() === '' ? {} : { name: name.trim() })
      toast(`${made.name} is a device now; ${made.replayed.accepted} readings stored`)
      onDone()
    } catch (thrown) {
      setError(thrown)
      setBusy(false)
    }
  }
  return (
    <Dialog title="Approve as device" onClose={onClose}>
      <form class="stack" onSubmit={(event) => void approve(event)}>
        {entry.devEui && (
          <p>
            DevEUI <code>{entry.devEui}</code>
          </p>
        )}
        <Field label="Name" hint="Empty: as the network server calls it.">
          {(attributes) => (
            <input
              {...attributes}
              autoFocus
              maxLength={255}
              autocomplete="off"
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
        {error !== undefined && <Fault error={error} />}
        <footer class="actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isBusy={isBusy}>
            Approve
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}
