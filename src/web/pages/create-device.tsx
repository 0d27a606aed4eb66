import { useState } from 'preact/hooks'
import { ApiError } from '../api/client.ts'
import { createDevice, type DeviceInput } from '../api/endpoints.ts'
import type { DeviceDetail } from '../api/types.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Fault } from '../ui/fault.tsx'
import { type DeviceDraft, DeviceFields, emptyDraft, faultsOf, toInput } from './device-fields.tsx'

interface CreateDeviceProps {
  readonly onClose: () => void
  readonly onCreated: (device: DeviceDetail) => void
}

export function CreateDevice({ onClose, onCreated }: CreateDeviceProps) {
  const [draft, setDraft] = useState<DeviceDraft>(emptyDraft)
  const [error, setError] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)
  async function create(event: Event) {
    event.preventDefault()
    if (draft.name.trim() === '') return setError(nameMissing)
    setBusy(true)
    try {
      onCreated(await createDevice(toInput(draft) satisfies DeviceInput))
    } catch (thrown) {
      setError(thrown)
      setBusy(false)
    }
  }
  const faults = faultsOf(error)
  return (
    <Dialog title="New device" onClose={onClose}>
      <form class="stack" onSubmit={(event) => void create(event)} noValidate>
        <DeviceFields draft={draft} onChange={setDraft} faults={faults} isNew />
        {error !== undefined && Object.keys(faults).length === 0 && <Fault error={error} />}
        <footer class="actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isBusy={isBusy}>
            Create
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}

const nameMissing = new ApiError(422, {
  detail: 'A name is needed.',
  errors: [{ pointer: '/name', detail: 'Give it a name.' }],
})
