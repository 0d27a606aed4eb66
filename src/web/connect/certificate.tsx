import { ShieldAlert } from 'lucide-preact'
import { Code } from '../ui/copy.tsx'
import type { Place } from './place.ts'

/** A page cannot see its own certificate, so it says how to look. */
export function Certificate({ place: { host, port, tls } }: { readonly place: Place }) {
  if (!tls) {
    return <p class="hint">This server speaks plain HTTP, as on your own machine: no certificate is needed here.</p>
  }
  return (
    <div class="notice warn">
      <ShieldAlert aria-hidden="true" />
      <div class="stack">
        <p>
          <strong>ROOT_CA is the root certificate of this host's chain.</strong> Firmware of the Autoconnecto SDK has
          Let's Encrypt's roots (ISRG Root X1 and X2) built in. If the issuer below is another one, such as Google Trust
          Services, set its root in the firmware, or give the zone a certificate of Let's Encrypt.
        </p>
        <Code
          name="Show the issuer"
          text={`openssl s_client -connect ${host}:${port} -servername ${host} </dev/null 2>/dev/null | openssl x509 -noout -issuer`}
        />
      </div>
    </div>
  )
}
