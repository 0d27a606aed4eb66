import { Plus } from 'lucide-preact'
import { useState } from 'preact/hooks'
import { createDevice, listDevices } from '../../api/endpoints.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Fault } from '../../ui/fault.tsx'
import { Field } from '../../ui/field.tsx'
import { Empty, Loaded } from '../../ui/loaded.tsx'
import { toast } from '../../ui/toast.tsx'
import { useLoad } from '../../use-load.ts'
import { DeviceTable } from '../device-table.tsx'
import type { PartProps } from './part.ts'

export function ChildrenPart({ device: { deviceId } }: PartProps) {
  const children = useLoad((signal) => listDevices({ parentGatewayId: deviceId, limit: 500 }, signal), [deviceId])
  const [isAdding, setAdding] = useState(false)
  return (
    <>
      <div class="row between">
        <p class="hint">Devices that this gateway speaks for.</p>
        <Button onClick={() => setAdding(true)}>
          <Plus aria-hidden="true" />
          Add child
        </Button>
      </div>
      <Loaded of={children}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="No children yet">
              <p>Add one here, or choose this gateway as “Parent gateway” in a device's settings.</p>
            </Empty>
          ) : (
            <DeviceTable items={items} />
          )
        }
      </Loaded>
      {isAdding && (
        <AddChild
          gatewayId={deviceId}
          onClose={() => setAdding(false)}
          onAdded={() => {
            setAdding(false)
            void children.reload()
          }}
        />
      )}
    </>
  )
}

interface AddChildProps {
  readonly gatewayId: string
  readonly onClose: () => void
  readonly onAdded: () => void
}

function AddChild({ gatewayId, onClose, onAdded }: AddChildProps) {
  const [name, setName] = useState('')
  const [error, setError] = useState<unknown>(undefined)
  async function add(event: Event) {
    event.preventDefault()
    try {
      await createDevice({ name: name.trim(), parentGatewayId: gatewayId })
      toast(`${name.trim()} added`)
      onAdded()
    } catch (thrown) {
      setError(thrown)
    }
  }
  return (
    <Dialog title="Add child" onClose={onClose}>
      <form class="stack" onSubmit={(event) => void add(event)}>
        <Field label="Name">
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
        {error !== undefined && <Fault error={error} />}
        <footer class="actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit">
            Add
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}
