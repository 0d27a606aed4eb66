import { CircleAlert } from 'lucide-preact'
import { adviceFor, messageOf } from '../api/client.ts'
import { Button } from './button.tsx'

/** What went wrong and what to do about it. */
export function Fault({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  return (
    <div class="notice bad" role="alert">
      <CircleAlert aria-hidden="true" />
      <div>
        <strong>{messageOf(error)}</strong>
        <p>{adviceFor(error)}</p>
      </div>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  )
}
