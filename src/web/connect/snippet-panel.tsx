import { useState } from 'preact/hooks'
import { Pills } from '../ui/choice.tsx'
import { Code, Copy } from '../ui/copy.tsx'
import { Certificate } from './certificate.tsx'
import type { Place } from './place.ts'
import type { Snippet, Way } from './snippet.ts'

interface SnippetPanelProps {
  readonly way: Way
  readonly place: Place
  readonly snippets: readonly Snippet[]
}

/** Who is on Windows sees that first. */
function likely(snippets: readonly Snippet[]): string {
  const isWindows = /Windows/.test(navigator.userAgent)
  return (snippets.find(({ tool }) => isWindows && tool === 'powershell') ?? snippets[0])?.label ?? ''
}

export function SnippetPanel({ way, place, snippets }: SnippetPanelProps) {
  const [label, setLabel] = useState(() => likely(snippets))
  const snippet = snippets.find((one) => one.label === label) ?? snippets[0]
  if (!snippet) return null
  const isEsp32 = snippet.tool === 'arduino'
  return (
    <>
      <Pills
        label="Language or system"
        options={snippets.map((one) => ({ id: one.label, label: one.label }))}
        value={snippet.label}
        onChange={setLabel}
      />
      {isEsp32 && <Esp32 way={way} place={place} />}
      <p class="hint">{snippet.note}</p>
      <Code text={snippet.code} name={`${snippet.label} snippet`} />
      {isEsp32 && <Certificate place={place} />}
      {way === 'mqtt' && !isEsp32 && (
        <p class="hint">
          MQTT runs over WebSocket on port {place.port} here. Tools that open ports 1883 or 8883, such as mosquitto_pub,
          need the bridge in examples/tcp-bridge.
        </p>
      )}
    </>
  )
}

const paths = { http: '/telemetry', mqtt: '/mqtt', websocket: '/ws' }

/** What a configuration screen of firmware asks for, one by one. */
function Esp32({ way, place }: { readonly way: Way; readonly place: Place }) {
  if (way === 'lora') return null
  const path = way === 'mqtt' ? paths.mqtt : `/api/v1/${place.token}${paths[way]}`
  const facts = [
    ['Host', place.host],
    ['Port', String(place.port)],
    ['Path', path],
    ...(way === 'mqtt'
      ? [
          ['User name and client id', place.token],
          ['Topic', `devices/${place.token}/telemetry`],
        ]
      : []),
  ]
  return (
    <dl class="facts">
      {facts.map(([name = '', value = '']) => (
        <>
          <dt>{name}</dt>
          <dd class="row">
            <code>{value}</code>
            <Copy text={value} label={`Copy ${name.toLowerCase()}`} kind="quiet" isIcon />
          </dd>
        </>
      ))}
    </dl>
  )
}
