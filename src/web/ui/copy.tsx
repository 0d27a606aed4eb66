import { Check, Copy as CopyIcon, Eye, EyeOff, QrCode } from 'lucide-preact'
import { useEffect, useState } from 'preact/hooks'
import { Button } from './button.tsx'
import { Scroll } from './scroll.tsx'

interface CopyProps {
  readonly text: string
  readonly label?: string
  readonly kind?: 'plain' | 'primary' | 'quiet'
  readonly isIcon?: boolean
  readonly onCopied?: () => void
}

export function Copy({ text, label = 'Copy', kind = 'plain', isIcon = false, onCopied }: CopyProps) {
  const [state, setState] = useState<'ready' | 'done' | 'failed'>('ready')
  useEffect(() => {
    if (state === 'ready') return
    const timer = setTimeout(() => setState('ready'), 1_600)
    return () => clearTimeout(timer)
  }, [state])
  async function copy() {
    try {
      await navigator.clipboard.writeText(text)
      setState('done')
      onCopied?.()
    } catch {
      setState('failed')
    }
  }
  const said = { ready: label, done: 'Copied', failed: 'Select and copy it' }[state]
  return (
    <Button kind={kind} onClick={() => void copy()} {...(isIcon && { label: said })}>
      {state === 'done' ? <Check aria-hidden="true" /> : <CopyIcon aria-hidden="true" />}
      {!isIcon && <span aria-live="polite">{said}</span>}
    </Button>
  )
}

/** Loaded with its first use: the code that draws it is the larger part. */
function Qr({ text, label }: { readonly text: string; readonly label: string }) {
  const [path, setPath] = useState<{ d: string; size: number } | undefined>(undefined)
  useEffect(() => {
    void import('uqr').then(({ encode }) => {
      const { data, size } = encode(text, { border: 2 })
      const cells = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')))
      setPath({ d: cells.join(''), size })
    })
  }, [text])
  if (!path) return null
  return (
    <svg class="qr" role="img" aria-label={label} viewBox={`0 0 ${path.size} ${path.size}`}>
      <path d={path.d} />
    </svg>
  )
}

interface SecretProps {
  readonly text: string
  readonly name: string
  /** Offers a QR code, for phones that set up devices. */
  readonly hasQr?: boolean
  readonly isShown?: boolean
}

/** Hidden until it is asked for. */
export function Secret({ text, name, hasQr = false, isShown = false }: SecretProps) {
  const [isOpen, setOpen] = useState(isShown)
  const [isQr, setQr] = useState(false)
  return (
    <div class="secret">
      <code>{isOpen ? text : `${text.slice(0, 4)}••••••••${text.slice(-4)}`}</code>
      <span class="row">
        <Button kind="quiet" label={`${isOpen ? 'Hide' : 'Show'} ${name}`} onClick={() => setOpen(!isOpen)}>
          {isOpen ? <EyeOff aria-hidden="true" /> : <Eye aria-hidden="true" />}
        </Button>
        {hasQr && (
          <Button kind="quiet" label={`${isQr ? 'Hide' : 'Show'} QR code of ${name}`} onClick={() => setQr(!isQr)}>
            <QrCode aria-hidden="true" />
          </Button>
        )}
        <Copy text={text} label={`Copy ${name}`} />
      </span>
      {isQr && <Qr text={text} label={`QR code of ${name}`} />}
    </div>
  )
}

/** A text to be run as it stands. */
export function Code({ text, name }: { readonly text: string; readonly name: string }) {
  return (
    <div class="code">
      <Scroll label={name} kind="pre">
        {text}
      </Scroll>
      <Copy text={text} />
    </div>
  )
}
