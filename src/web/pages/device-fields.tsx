import { ApiError } from '../api/client.ts'
import { type DeviceInput, listDevices } from '../api/endpoints.ts'
import type { Device } from '../api/types.ts'
import { Check, Field } from '../ui/field.tsx'
import { useLoad } from '../use-load.ts'

export interface DeviceDraft {
  readonly name: string
  readonly label: string
  readonly deviceType: string
  readonly devEui: string
  readonly isGateway: boolean
  readonly parentGatewayId: string
}

export const emptyDraft: DeviceDraft = {
  name: '',
  label: '',
  deviceType: '',
  devEui: '',
  isGateway: false,
  parentGatewayId: '',
}

export function draftOf(device: Device): DeviceDraft {
  const { name, label, deviceType, integration, isGateway, parentGatewayId } = device
  return {
    name,
    label: label ?? '',
    deviceType,
    devEui: integration.lorawan.dev_eui ?? '',
    isGateway,
    parentGatewayId: parentGatewayId ?? '',
  }
}

export function toInput({ name, label, deviceType, devEui, isGateway, parentGatewayId }: DeviceDraft): DeviceInput {
  return {
    name: name.trim(),
    label: label.trim() || null,
    ...(deviceType.trim() !== '' && { deviceType: deviceType.trim() }),
    isGateway,
    parentGatewayId: isGateway ? null : parentGatewayId || null,
    integration: { lorawan: { dev_eui: devEui.trim() || null } },
  }
}

type Faults = Readonly<Record<string, string>>

/** By the name of the field, of an answer that says which ones are wrong. */
export function faultsOf(error: unknown): Faults {
  if (!(error instanceof ApiError)) return {}
  if (error.reason === 'dev_eui_taken') return { dev_eui: error.message }
  if (error.reason === 'parent_not_a_gateway') return { parentGatewayId: error.message }
  return Object.fromEntries(error.fields.map(({ pointer, detail }) => [pointer.split('/').at(-1) ?? '', detail]))
}

interface DeviceFieldsProps {
  readonly draft: DeviceDraft
  readonly onChange: (draft: DeviceDraft) => void
  readonly faults: Faults
  /** A name is enough: the rest stands behind "More". */
  readonly isNew?: boolean
}

export function DeviceFields({ draft, onChange, faults, isNew = false }: DeviceFieldsProps) {
  const set = (change: Partial<DeviceDraft>) => onChange({ ...draft, ...change })
  const hasFaultBelow = Object.keys(faults).some((field) => field !== 'name')
  const rest = <FurtherFields draft={draft} set={set} faults={faults} />
  return (
    <>
      <Field label="Name" error={faults.name}>
        {(attributes) => (
          <input
            {...attributes}
            value={draft.name}
            maxLength={255}
            autoFocus={isNew}
            autocomplete="off"
            onInput={(event) => set({ name: event.currentTarget.value })}
          />
        )}
      </Field>
      {isNew ? (
        <details open={hasFaultBelow}>
          <summary>More: LoRa DevEUI, gateway, type, label</summary>
          {rest}
        </details>
      ) : (
        rest
      )}
    </>
  )
}

interface FurtherProps {
  readonly draft: DeviceDraft
  readonly set: (change: Partial<DeviceDraft>) => void
  readonly faults: Faults
}

function FurtherFields({ draft, set, faults }: FurtherProps) {
  const gateways = useLoad((signal) => listDevices({ gateway: true, limit: 500 }, signal), [])
  return (
    <div class="stack">
      <Field
        label="LoRa DevEUI"
        error={faults.dev_eui}
        hint="16 hexadecimal digits, for a device of a LoRaWAN network."
      >
        {(attributes) => (
          <input
            {...attributes}
            class="mono"
            value={draft.devEui}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => set({ devEui: event.currentTarget.value })}
          />
        )}
      </Field>
      <Check
        label="Mark as Gateway Device"
        hint="It sends readings of its child devices with its own token."
        checked={draft.isGateway}
        onChange={(isGateway) => set({ isGateway })}
      />
      {!draft.isGateway && (
        <Field label="Parent gateway" error={faults.parentGatewayId} hint="The gateway that speaks for this device.">
          {(attributes) => (
            <select
              {...attributes}
              value={draft.parentGatewayId}
              onChange={(event) => set({ parentGatewayId: event.currentTarget.value })}
            >
              <option value="">None</option>
              {gateways.data?.items.map(({ deviceId, name }) => (
                <option key={deviceId} value={deviceId}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      <Field label="Type" error={faults.deviceType}>
        {(attributes) => (
          <input
            {...attributes}
            value={draft.deviceType}
            placeholder="sensor"
            autocomplete="off"
            onInput={(event) => set({ deviceType: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Label" error={faults.label}>
        {(attributes) => (
          <input
            {...attributes}
            value={draft.label}
            autocomplete="off"
            onInput={(event) => set({ label: event.currentTarget.value })}
          />
        )}
      </Field>
    </div>
  )
}
