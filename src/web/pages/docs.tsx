import { useState } from 'preact/hooks'
import { call, request } from '../api/client.ts'
import { Button } from '../ui/button.tsx'
import { Code } from '../ui/copy.tsx'
import { Fault } from '../ui/fault.tsx'
import { Field } from '../ui/field.tsx'
import { Empty, Loaded } from '../ui/loaded.tsx'
import { Page } from '../ui/page.tsx'
import { Scroll } from '../ui/scroll.tsx'
import { useLoad } from '../use-load.ts'
import { useQuery } from '../use-query.ts'

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
}

interface ApiOperation {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly security: readonly Readonly<Record<string, unknown>>[]
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: unknown }>> }
  readonly responses: Readonly<Record<string, { readonly description: string }>>
}

interface Entry extends ApiOperation {
  readonly method: string
  readonly path: string
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>
}

async function loadEntries(): Promise<Entry[]> {
  const { paths } = await call<OpenApi>('GET', '/api/openapi.json')
  return Object.entries(paths)
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, one]) => ({ ...one, method, path })))
    .filter(({ tags }) => !tags.includes('Not offered'))
}

/** Made from the document that the routes themselves give. */
export function DocsPage() {
  const entries = useLoad(loadEntries, [])
  const [query, change] = useQuery()
  const search = (query.q ?? '').toLowerCase()
  const matches = ({ path, summary, operationId }: Entry) =>
    `${path} ${summary} ${operationId}`.toLowerCase().includes(search)
  return (
    <Page
      title="API docs"
      actions={
        <a class="button" href="/api/openapi.json" target="_blank" rel="noreferrer">
          OpenAPI document
        </a>
      }
    >
      <input
        type="search"
        data-key="/"
        aria-label="Search operations"
        placeholder="Search operations"
        value={query.q ?? ''}
        onInput={(event) => change({ q: event.currentTarget.value })}
      />
      <Loaded of={entries}>
        {(all) => {
          const found = all.filter(matches)
          const tags = [...new Set(found.map(({ tags }) => tags[0] ?? ''))]
          if (found.length === 0) return <Empty title="Nothing matches" />
          return tags.map((tag) => (
            <section class="stack" key={tag} aria-label={tag}>
              <h2>{tag}</h2>
              <div class="card flush">
                {found
                  .filter(({ tags }) => tags[0] === tag)
                  .map((entry) => (
                    <Operation key={entry.operationId} entry={entry} />
                  ))}
              </div>
            </section>
          ))
        }}
      </Loaded>
    </Page>
  )
}

const rights: Readonly<Record<string, string>> = {
  apiKey: 'an API key',
  setupToken: 'the SETUP_TOKEN',
  webhookSecret: 'the webhook secret',
  deviceToken: 'a device token',
}

function Operation({ entry }: { readonly entry: Entry }) {
  const { method, path, summary, security, requestBody, responses } = entry
  const [isOpen, setOpen] = useState(false)
  const needs = security.flatMap((one) => Object.keys(one)).map((name) => rights[name] ?? name)
  const schema = Object.values(requestBody?.content ?? {})[0]?.schema
  return (
    <details class="event" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="operation">
        <span class="badge">{method.toUpperCase()}</span>
        <code>{path}</code>
        <span>{summary}</span>
      </summary>
      {isOpen && (
        <div class="event-body">
          <p class="hint">Needs {needs.join(' or ') || 'nothing'}.</p>
          <Code name="curl" text={curlOf(entry)} />
          {schema !== undefined && (
            <details>
              <summary>Body</summary>
              <Scroll label="Body" kind="pre">
                {JSON.stringify(schema, null, 2)}
              </Scroll>
            </details>
          )}
          <p class="hint">
            {Object.entries(responses)
              .map(([status, { description }]) => `${status} ${description}`)
              .join(' · ')}
          </p>
          {method === 'get' && security.some((one) => 'apiKey' in one) && <TryIt entry={entry} />}
        </div>
      )}
    </details>
  )
}

function curlOf({ method, path, security, requestBody }: Entry): string {
  const type = Object.keys(requestBody?.content ?? {})[0]
  const lines = [
    `curl ${method === 'get' ? '' : `-X ${method.toUpperCase()} `}'${location.origin}${path}'`,
    ...(security.length > 0 && !path.includes('{deviceToken}') ? [`-H "Authorization: Bearer $API_KEY"`] : []),
    ...(type ? [`-H 'Content-Type: ${type}'`, `-d '{…}'`] : []),
  ]
  return lines.join(' \\\n  ')
}

/** Reads only: what changes something is better done in its own page. */
function TryIt({ entry: { path, parameters } }: { readonly entry: Entry }) {
  const [values, setValues] = useState<Readonly<Record<string, string>>>({})
  const [answer, setAnswer] = useState<string | undefined>(undefined)
  const [error, setError] = useState<unknown>(undefined)
  async function send(event: Event) {
    event.preventDefault()
    setError(undefined)
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''))
    const query = Object.fromEntries(
      parameters.filter((one) => one.in === 'query').map(({ name }) => [name, values[name]]),
    )
    try {
      const text = await (await request('GET', filled, { query })).text()
      setAnswer(pretty(text))
    } catch (thrown) {
      setError(thrown)
    }
  }
  return (
    <form class="stack" onSubmit={(event) => void send(event)}>
      <div class="side-by-side">
        {parameters.map(({ name, required }) => (
          <Field key={name} label={name}>
            {(attributes) => (
              <input
                {...attributes}
                class="mono"
                required={required}
                autocomplete="off"
                value={values[name] ?? ''}
                onInput={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
              />
            )}
          </Field>
        ))}
      </div>
      <div class="row">
        <Button type="submit">Try it</Button>
      </div>
      {error !== undefined && <Fault error={error} />}
      {answer !== undefined && (
        <Scroll label="Answer" kind="pre">
          {answer}
        </Scroll>
      )}
    </form>
  )
}

const shownCharacters = 20_000

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2).slice(0, shownCharacters)
  } catch {
    return text.slice(0, shownCharacters)
  }
}
