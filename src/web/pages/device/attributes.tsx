import { Pencil, Plus, Trash2 } from 'lucide-preact'
import { useState } from 'preact/hooks'
import { deleteAttribute, listAttributes, saveAttributes } from '../../api/endpoints.ts'
import type { Attribute, Scope } from '../../api/types.ts'
import { formatValue } from '../../format.ts'
import { useMessages } from '../../live/use-feed.ts'
import { mayOpenSockets } from '../../session.ts'
import { ActionsHead } from '../../ui/actions-head.tsx'
import { Button } from '../../ui/button.tsx'
import { Empty, Loaded } from '../../ui/loaded.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { useInterval, useLoad } from '../../use-load.ts'
import { EditAttribute } from './edit-attribute.tsx'
import type { PartProps } from './part.ts'

interface Pair {
  readonly key: string
  readonly desired?: Attribute
  readonly confirmed?: Attribute
}

function toPairs(attributes: readonly Attribute[]): Pair[] {
  const keys = [...new Set(attributes.filter(({ scope }) => scope !== 'SERVER').map(({ key }) => key))].sort()
  const find = (key: string, scope: Scope) => attributes.find((one) => one.key === key && one.scope === scope)
  return keys.map((key) => {
    const desired = find(key, 'SHARED')
    const confirmed = find(key, 'CLIENT')
    return { key, ...(desired && { desired }), ...(confirmed && { confirmed }) }
  })
}

interface Editing {
  readonly scope: Scope
  /** Of one that is there. */
  readonly name?: string
  readonly value?: unknown
}

export function AttributesPart({ device: { deviceId }, feed }: PartProps) {
  const attributes = useLoad(() => listAttributes(deviceId), [deviceId])
  const [editing, setEditing] = useState<Editing | undefined>(undefined)
  useInterval(() => void attributes.reload(), 3_000, !mayOpenSockets() && editing === undefined)
  useMessages(feed, ({ type }) => (type === 'attribute' || type === 'reset') && void attributes.reload(), [])

  async function remove({ scope, key, value }: Attribute) {
    await deleteAttribute(deviceId, scope, key)
    toast(`${key} deleted`, () => saveAttributes(deviceId, scope, { [key]: value }).then(attributes.reload))
    await attributes.reload()
  }
  const tryRemove = (attribute: Attribute) =>
    void remove(attribute).catch(() => toast('It could not be deleted. Try again.'))
  return (
    <>
      <Loaded of={attributes}>
        {(all) => {
          const server = all.filter(({ scope }) => scope === 'SERVER')
          return (
            <>
              <section class="stack" aria-labelledby="desired">
                <div class="row between">
                  <div>
                    <h2 id="desired">Desired and confirmed</h2>
                    <p class="hint">What you set is told to the device at once; what it says of itself confirms it.</p>
                  </div>
                  <Button onClick={() => setEditing({ scope: 'SHARED' })}>
                    <Plus aria-hidden="true" />
                    Add attribute
                  </Button>
                </div>
                <PairTable pairs={toPairs(all)} onEdit={setEditing} onRemove={tryRemove} />
              </section>
              <section class="stack" aria-labelledby="server">
                <div class="row between">
                  <div>
                    <h2 id="server">Server</h2>
                    <p class="hint">Notes of your applications. The device never sees them.</p>
                  </div>
                  <Button onClick={() => setEditing({ scope: 'SERVER' })}>
                    <Plus aria-hidden="true" />
                    Add server attribute
                  </Button>
                </div>
                {server.length > 0 && <ServerTable rows={server} onEdit={setEditing} onRemove={tryRemove} />}
              </section>
            </>
          )
        }}
      </Loaded>
      {editing && (
        <EditAttribute
          {...editing}
          onClose={() => setEditing(undefined)}
          onSave={async (key, value) => {
            await saveAttributes(deviceId, editing.scope, { [key]: value })
            setEditing(undefined)
            await attributes.reload()
          }}
        />
      )}
    </>
  )
}

interface TableProps {
  readonly onEdit: (what: Editing) => void
  readonly onRemove: (attribute: Attribute) => void
}

function PairTable({ pairs, onEdit, onRemove }: TableProps & { readonly pairs: readonly Pair[] }) {
  if (pairs.length === 0) {
    return (
      <div class="card flush">
        <Empty title="No attributes yet">
          <p>Set what you desire of the device, such as an interval or a switch; it reads and confirms it.</p>
        </Empty>
      </div>
    )
  }
  return (
    <div class="card flush">
      <table class="table cards">
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col">Desired</th>
            <th scope="col">Confirmed</th>
            <th scope="col">State</th>
            <ActionsHead />
          </tr>
        </thead>
        <tbody>
          {pairs.map(({ key, desired, confirmed }) => (
            <tr key={key}>
              <td>
                <strong>{key}</strong>
              </td>
              <td data-label="Desired">
                <Value of={desired} />
              </td>
              <td data-label="Confirmed">
                <Value of={confirmed} />
              </td>
              <td data-label="State">
                <LoopState desired={desired} confirmed={confirmed} />
              </td>
              <td class="end">
                <Button
                  kind="quiet"
                  label={`Set ${key}`}
                  onClick={() => onEdit({ scope: 'SHARED', name: key, value: (desired ?? confirmed)?.value })}
                >
                  <Pencil aria-hidden="true" />
                </Button>
                {(desired ?? confirmed) && (
                  <RemoveButton
                    of={desired ?? confirmed}
                    onRemove={onRemove}
                    what={desired ? 'desired' : 'confirmed'}
                  />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function RemoveButton({
  of,
  what,
  onRemove,
}: {
  readonly of: Attribute | undefined
  readonly what: string
  readonly onRemove: (attribute: Attribute) => void
}) {
  if (!of) return null
  return (
    <Button kind="quiet" label={`Delete ${what} ${of.key}`} onClick={() => onRemove(of)}>
      <Trash2 aria-hidden="true" />
    </Button>
  )
}

function ServerTable({ rows, onEdit, onRemove }: TableProps & { readonly rows: readonly Attribute[] }) {
  return (
    <div class="card flush">
      <table class="table cards">
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col">Value</th>
            <ActionsHead />
          </tr>
        </thead>
        <tbody>
          {rows.map((attribute) => (
            <tr key={attribute.key}>
              <td>
                <strong>{attribute.key}</strong>
              </td>
              <td data-label="Value">
                <Value of={attribute} />
              </td>
              <td class="end">
                <Button
                  kind="quiet"
                  label={`Set ${attribute.key}`}
                  onClick={() => onEdit({ scope: 'SERVER', name: attribute.key, value: attribute.value })}
                >
                  <Pencil aria-hidden="true" />
                </Button>
                <RemoveButton of={attribute} onRemove={onRemove} what="server attribute" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Value({ of }: { readonly of: Attribute | undefined }) {
  if (!of) return <span class="muted">–</span>
  return (
    <span>
      <code>{formatValue(of.value)}</code>{' '}
      <span class="hint">
        <Time at={of.updatedTs} />
      </span>
    </span>
  )
}

interface LoopProps {
  readonly desired: Attribute | undefined
  readonly confirmed: Attribute | undefined
}

function LoopState({ desired, confirmed }: LoopProps) {
  if (!desired) return <span class="muted">Told by the device</span>
  if (!confirmed) return <span class="badge warn">Pending</span>
  const isSame = JSON.stringify(desired.value) === JSON.stringify(confirmed.value)
  return isSame ? <span class="badge ok">Confirmed</span> : <span class="badge bad">Mismatch</span>
}
