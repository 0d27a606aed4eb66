import { KeyRound, Plus } from 'lucide-preact'
import { useState } from 'preact/hooks'
import { createApiKey, listApiKeys, revokeApiKey } from '../../api/endpoints.ts'
import type { ApiKey } from '../../api/types.ts'
import { ActionsHead } from '../../ui/actions-head.tsx'
import { Button } from '../../ui/button.tsx'
import { Confirm, Dialog } from '../../ui/dialog.tsx'
import { Fault } from '../../ui/fault.tsx'
import { Field } from '../../ui/field.tsx'
import { Empty, Loaded } from '../../ui/loaded.tsx'
import { ShownOnce } from '../../ui/shown-once.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { useLoad } from '../../use-load.ts'

export function KeysPart() {
  const keys = useLoad(() => listApiKeys(), [])
  const [isMaking, setMaking] = useState(false)
  const [revoking, setRevoking] = useState<ApiKey | undefined>(undefined)
  return (
    <>
      <div class="row between">
        <p class="hint">For applications and scripts. A key is shown once, when it is made.</p>
        <Button kind="primary" onClick={() => setMaking(true)}>
          <Plus aria-hidden="true" />
          New API key
        </Button>
      </div>
      <Loaded of={keys}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No API keys yet" />
          ) : (
            <div class="card flush">
              <KeyTable items={items} onRevoke={setRevoking} />
            </div>
          )
        }
      </Loaded>
      {isMaking && <NewKey onClose={() => setMaking(false)} onMade={() => void keys.reload()} />}
      {revoking && (
        <Confirm
          title={`Revoke ${revoking.name}?`}
          action="Revoke key"
          onClose={() => setRevoking(undefined)}
          onConfirm={async () => {
            await revokeApiKey(revoking.id)
            toast(`${revoking.name} was revoked`)
            await keys.reload()
          }}
        >
          <p>Whatever uses it is refused from now on. A revoked key cannot be brought back.</p>
        </Confirm>
      )}
    </>
  )
}

interface KeyTableProps {
  readonly items: readonly ApiKey[]
  readonly onRevoke: (key: ApiKey) => void
}

function KeyTable({ items, onRevoke }: KeyTableProps) {
  return (
    <table class="table cards">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Key</th>
          <th scope="col">May</th>
          <th scope="col">Last used</th>
          <th scope="col">Expires</th>
          <ActionsHead />
        </tr>
      </thead>
      <tbody>
        {items.map((key) => (
          <tr key={key.id}>
            <td>
              <strong>{key.name}</strong>
            </td>
            <td data-label="Key">
              <code>
                {key.prefix}…{key.lastFour}
              </code>
            </td>
            <td data-label="May">{key.scopes.join(', ')}</td>
            <td data-label="Last used">
              {key.lastUsedAt === null ? <span class="muted">never</span> : <Time at={key.lastUsedAt} />}
            </td>
            <td data-label="Expires">
              {key.expiresAt === null ? <span class="muted">never</span> : <Time at={key.expiresAt} />}
            </td>
            <td class="end">
              {key.revokedAt === null ? (
                <Button kind="quiet" label={`Revoke ${key.name}`} onClick={() => onRevoke(key)}>
                  Revoke
                </Button>
              ) : (
                <span class="badge">Revoked</span>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const scopes = [
  { id: 'read', label: 'Read: see devices and readings' },
  { id: 'write', label: 'Write: also change devices, send commands, see tokens' },
  { id: 'admin', label: 'Admin: also keys, webhooks and settings' },
] as const
const dayMs = 86_400_000
const lifetimes = [
  { id: '', label: 'Never' },
  { id: '7', label: 'In a week' },
  { id: '90', label: 'In 90 days' },
  { id: '365', label: 'In a year' },
]

function NewKey({ onClose, onMade }: { readonly onClose: () => void; readonly onMade: () => void }) {
  const [name, setName] = useState('')
  const [scope, setScope] = useState<string>('read')
  const [days, setDays] = useState('')
  const [made, setMade] = useState<string | undefined>(undefined)
  const [error, setError] = useState<unknown>(undefined)
  async function make(event: Event) {
    event.preventDefault()
    try {
      const expiresAt = days === '' ? {} : { expiresAt: Date.now() + Number(days) * dayMs }
      const { apiKey } = await createApiKey({ name: name.trim(), scopes: [scope], ...expiresAt })
      setMade(apiKey)
      onMade()
    } catch (thrown) {
      setError(thrown)
    }
  }
  if (made !== undefined) return <ShownOnce title="Your new API key" name="key" text={made} onClose={onClose} />
  return (
    <Dialog title="New API key" onClose={onClose}>
      <form class="stack" onSubmit={(event) => void make(event)}>
        <Field label="Name" hint="What it is for, such as “Grafana” or “contractor”.">
          {(attributes) => (
            <input
              {...attributes}
              required
              maxLength={255}
              autoFocus
              autocomplete="off"
              value={name}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="May">
          {(attributes) => (
            <select {...attributes} value={scope} onChange={(event) => setScope(event.currentTarget.value)}>
              {scopes.map(({ id, label }) => (
                <option key={id} value={id}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Expires">
          {(attributes) => (
            <select {...attributes} value={days} onChange={(event) => setDays(event.currentTarget.value)}>
              {lifetimes.map(({ id, label }) => (
                <option key={id} value={id}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
        {error !== undefined && <Fault error={error} />}
        <footer class="actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit">
            <KeyRound aria-hidden="true" />
            Make key
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}
