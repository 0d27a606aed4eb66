import { useState } from 'preact/hooks'
import { cancelCommand, listCommands, sendCommand } from '../../api/endpoints.ts'
import type { CommandRecord, CommandState } from '../../api/types.ts'
import { formatDuration } from '../../format.ts'
import { useMessages } from '../../live/use-feed.ts'
import { mayOpenSockets } from '../../session.ts'
import { Button } from '../../ui/button.tsx'
import { Fault } from '../../ui/fault.tsx'
import { Check, Field } from '../../ui/field.tsx'
import { Empty, Loaded } from '../../ui/loaded.tsx'
import { Scroll } from '../../ui/scroll.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { useInterval, useLoad } from '../../use-load.ts'
import type { PartProps } from './part.ts'

const isOpenState = (state: CommandState) => state === 'queued' || state === 'sent' || state === 'delivered'

export function CommandsPart({ device, feed }: PartProps) {
  const { deviceId } = device
  const commands = useLoad(() => listCommands(deviceId), [deviceId])
  const isUnderWay = commands.data?.items.some(({ state }) => isOpenState(state)) ?? false
  useInterval(() => void commands.reload(), 2_000, !mayOpenSockets() && isUnderWay)
  useMessages(feed, ({ type }) => (type === 'command' || type === 'reset') && void commands.reload(), [])

  async function cancel({ id, method }: CommandRecord) {
    await cancelCommand(deviceId, id).then(
      () => toast(`${method} cancelled`),
      () => toast('It was over already.'),
    )
    await commands.reload()
  }
  return (
    <div class="columns">
      <SendForm deviceId={deviceId} isConnected={device.connected} onSent={() => void commands.reload()} />
      <section class="stack" aria-labelledby="sent">
        <h2 id="sent">Sent</h2>
        <Loaded of={commands}>
          {({ items }) =>
            items.length === 0 ? (
              <div class="card flush">
                <Empty title="No commands yet">
                  <p>What you send appears here, with what became of it.</p>
                </Empty>
              </div>
            ) : (
              <div class="card flush">
                {items.map((command) => (
                  <CommandRow key={command.id} command={command} onCancel={() => void cancel(command)} />
                ))}
              </div>
            )
          }
        </Loaded>
      </section>
    </div>
  )
}

interface SendProps {
  readonly deviceId: string
  readonly isConnected: boolean
  readonly onSent: () => void
}

function SendForm({ deviceId, isConnected, onSent }: SendProps) {
  const [method, setMethod] = useState('')
  const [text, setText] = useState('{}')
  const [twoWay, setTwoWay] = useState(true)
  const [persistent, setPersistent] = useState(true)
  const [error, setError] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)
  const params = parseParams(text)
  async function send(event: Event) {
    event.preventDefault()
    if ('fault' in params) return
    setBusy(true)
    setError(undefined)
    try {
      const answer = await sendCommand(deviceId, { method: method.trim(), params: params.value, twoWay, persistent })
      toast(answer.success ? `${method} ${answer.state}` : (answer.message ?? 'The device did not take it.'))
    } catch (thrown) {
      setError(thrown)
    }
    setBusy(false)
    onSent()
  }
  return (
    <form class="card" onSubmit={(event) => void send(event)}>
      <h2>Send a command</h2>
      {!isConnected && (
        <p class="notice">
          {persistent
            ? 'The device has no open connection: the command waits until it connects or polls.'
            : 'The device has no open connection: a command that does not wait will fail.'}
        </p>
      )}
      <Field label="Method">
        {(attributes) => (
          <input
            {...attributes}
            class="mono"
            required
            maxLength={128}
            value={method}
            placeholder="reboot"
            autocomplete="off"
            onInput={(event) => setMethod(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label="Parameters, JSON" error={'fault' in params ? params.fault : undefined}>
        {(attributes) => (
          <textarea
            {...attributes}
            class="mono"
            rows={4}
            value={text}
            spellcheck={false}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      <Check
        label="Wait for the device"
        hint="Sent when it next connects, for up to 24 hours."
        checked={persistent}
        onChange={setPersistent}
      />
      <Check label="Expect an answer" checked={twoWay} onChange={setTwoWay} />
      {error !== undefined && <Fault error={error} />}
      <footer class="actions">
        <Button kind="primary" type="submit" isBusy={isBusy} disabled={'fault' in params}>
          Send
        </Button>
      </footer>
    </form>
  )
}

function parseParams(text: string): { readonly value: unknown } | { readonly fault: string } {
  if (text.trim() === '') return { value: {} }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return { fault: 'Not valid JSON. Names and text need double quotes, as in {"delay": 5}.' }
  }
}

const kinds: Readonly<Record<CommandState, string>> = {
  queued: 'warn',
  sent: '',
  delivered: '',
  succeeded: 'ok',
  failed: 'bad',
  expired: 'bad',
  cancelled: '',
}

function CommandRow({ command, onCancel }: { readonly command: CommandRecord; readonly onCancel: () => void }) {
  const { method, params, state, result, createdAt, sentAt, finishedAt } = command
  const took = sentAt !== null && finishedAt !== null ? formatDuration(finishedAt - sentAt) : undefined
  return (
    <details class="event">
      <summary>
        <Time at={createdAt} />
        <span>
          <span class={`badge ${kinds[state]}`}>{state}</span>
        </span>
        <code>{method}</code>
      </summary>
      <div class="event-body">
        <div class="side-by-side">
          <Json title="Parameters" value={params} />
          {result !== undefined && result !== null && (
            <Json title={`Answer${took ? `, after ${took}` : ''}`} value={result} />
          )}
        </div>
        {isOpenState(state) && (
          <div class="row">
            <Button onClick={onCancel}>Cancel it</Button>
            {state === 'sent' && <span class="hint">It was handed over: the device may still carry it out.</span>}
          </div>
        )}
      </div>
    </details>
  )
}

function Json({ title, value }: { readonly title: string; readonly value: unknown }) {
  return (
    <div>
      <h3>{title}</h3>
      <Scroll label={title} kind="pre">
        {JSON.stringify(value, null, 2)}
      </Scroll>
    </div>
  )
}
