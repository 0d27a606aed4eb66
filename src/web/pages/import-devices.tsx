import { useState } from 'preact/hooks'
import { checkImport, importDevices } from '../api/endpoints.ts'
import type { ImportCheck, ImportResult, RowError } from '../api/types.ts'
import { plural } from '../format.ts'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Fault } from '../ui/fault.tsx'
import { Field } from '../ui/field.tsx'
import { Scroll } from '../ui/scroll.tsx'

const sample = `name,deviceType,isGateway,parentGateway,devEui
Hall gateway,gateway,yes,,
Meter 1,meter,,Hall gateway,70B3D57ED0001234`

interface ImportProps {
  readonly onClose: () => void
  readonly onImported: () => void
}

/** First what would become of each row, then the rows themselves. */
export function ImportDevices({ onClose, onImported }: ImportProps) {
  const [text, setText] = useState('')
  const [check, setCheck] = useState<ImportCheck | undefined>(undefined)
  const [result, setResult] = useState<ImportResult | undefined>(undefined)
  const [error, setError] = useState<unknown>(undefined)
  const [isBusy, setBusy] = useState(false)

  function change(next: string) {
    setText(next)
    setCheck(undefined)
    setError(undefined)
  }
  async function run(work: () => Promise<void>) {
    setBusy(true)
    setError(undefined)
    await work().catch(setError)
    setBusy(false)
  }
  const preview = () => run(async () => setCheck(await checkImport(text)))
  const write = () =>
    run(async () => {
      setResult(await importDevices(text))
      onImported()
    })
  if (result) return <Imported result={result} onClose={onClose} />
  return (
    <Dialog title="Import devices" onClose={onClose} isWide>
      <Field label="CSV with a header line" hint="Only the name is needed. Paste it, or choose a file.">
        {(attributes) => (
          <textarea
            {...attributes}
            class="mono"
            rows={8}
            value={text}
            spellcheck={false}
            placeholder={sample}
            onInput={(event) => change(event.currentTarget.value)}
          />
        )}
      </Field>
      <div class="row">
        <input
          type="file"
          accept=".csv,text/csv"
          aria-label="CSV file"
          class="grow"
          onChange={(event) => void event.currentTarget.files?.[0]?.text().then(change)}
        />
        <Button onClick={() => change(sample)}>Use the sample</Button>
      </div>
      {error !== undefined && <Fault error={error} />}
      {check && <Preview text={text} check={check} />}
      <footer class="actions">
        <Button onClick={onClose}>Cancel</Button>
        {check ? (
          <Button kind="primary" isBusy={isBusy} disabled={check.valid === 0} onClick={() => void write()}>
            Import {plural(check.valid, 'device')}
          </Button>
        ) : (
          <Button kind="primary" isBusy={isBusy} disabled={text.trim() === ''} onClick={() => void preview()}>
            Preview
          </Button>
        )}
      </footer>
    </Dialog>
  )
}

const shownRows = 5

function Preview({ text, check }: { readonly text: string; readonly check: ImportCheck }) {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  return (
    <section class="stack" aria-label="Preview">
      <p role="status">
        <strong>{plural(check.valid, 'row')} can be imported</strong>
        {check.invalid > 0 && `, ${plural(check.errors.length, 'error')} to mend`}.
      </p>
      <Scroll label="First rows" kind="pre">
        {lines.slice(0, shownRows + 1).join('\n')}
        {lines.length > shownRows + 1 && `\n… ${plural(lines.length - shownRows - 1, 'more row')}`}
      </Scroll>
      {check.warnings.map((warning) => (
        <p key={warning} class="notice warn">
          {warning}
        </p>
      ))}
      <RowErrors errors={check.errors} />
    </section>
  )
}

function RowErrors({ errors }: { readonly errors: readonly RowError[] }) {
  if (errors.length === 0) return null
  return (
    <div class="card flush">
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Row</th>
            <th scope="col">Column</th>
            <th scope="col">What is wrong</th>
          </tr>
        </thead>
        <tbody>
          {errors.map(({ row, column, detail }) => (
            <tr key={`${row}-${column}-${detail}`}>
              <td>{row}</td>
              <td>{column ?? ''}</td>
              <td>{detail}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Imported({ result, onClose }: { readonly result: ImportResult; readonly onClose: () => void }) {
  return (
    <Dialog title="Imported" onClose={onClose}>
      <p class="notice ok" role="status">
        {plural(result.created, 'device')} made
        {result.existing > 0 && `, ${result.existing} were there already`}
        {result.rejected > 0 && `, ${plural(result.rejected, 'row')} left out`}.
      </p>
      <RowErrors errors={result.errors} />
      <p class="hint">Their tokens are on their pages, and in the export of the list.</p>
      <footer class="actions">
        <Button kind="primary" onClick={onClose}>
          Done
        </Button>
      </footer>
    </Dialog>
  )
}
