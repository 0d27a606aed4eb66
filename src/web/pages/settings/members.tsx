import { UserPlus } from 'lucide-preact'
import { useState } from 'preact/hooks'
import { messageOf } from '../../api/client.ts'
import {
  changeRole,
  invite,
  type Link,
  listInvitations,
  listMembers,
  type Member,
  makeResetLink,
  type Role,
  removeMember,
  roles,
  withdrawInvitation,
} from '../../api/people.ts'
import { ActionsHead } from '../../ui/actions-head.tsx'
import { Button } from '../../ui/button.tsx'
import { Confirm, Dialog } from '../../ui/dialog.tsx'
import { Fault } from '../../ui/fault.tsx'
import { Field } from '../../ui/field.tsx'
import { Loaded } from '../../ui/loaded.tsx'
import { ShownOnce } from '../../ui/shown-once.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { useLoad } from '../../use-load.ts'

const meanings: Readonly<Record<Role, string>> = {
  viewer: 'sees everything',
  operator: 'also sends commands and confirms alarms',
  admin: 'also changes devices, settings and members',
  owner: 'also decides over owners',
}

export function MembersPart() {
  const people = useLoad(() => Promise.all([listMembers(), listInvitations()]), [])
  const [isInviting, setInviting] = useState(false)
  const [removing, setRemoving] = useState<Member | undefined>(undefined)
  const [link, setLink] = useState<Link | undefined>(undefined)
  const attempt = (work: Promise<unknown>, done: string) =>
    work.then(
      () => {
        toast(done)
        return people.reload()
      },
      (error: unknown) => toast(messageOf(error)),
    )
  return (
    <>
      <div class="row between">
        <p class="hint">People of this tenant and what they may do.</p>
        <Button kind="primary" onClick={() => setInviting(true)}>
          <UserPlus aria-hidden="true" />
          Invite
        </Button>
      </div>
      <Loaded of={people}>
        {([members, invitations]) => (
          <div class="card flush">
            <table class="table cards">
              <thead>
                <tr>
                  <th scope="col">Person</th>
                  <th scope="col">Role</th>
                  <th scope="col">Since</th>
                  <ActionsHead />
                </tr>
              </thead>
              <tbody>
                {members.items.map((member) => (
                  <tr key={member.personId}>
                    <td>
                      <strong>{member.name ?? member.email}</strong> {member.name && <small>{member.email}</small>}
                    </td>
                    <td data-label="Role">
                      <select
                        aria-label={`Role of ${member.email}`}
                        value={member.role}
                        onChange={(event) => {
                          const role = event.currentTarget.value as Role
                          void attempt(changeRole(member.personId, role), `${member.email} is ${role} now`)
                        }}
                      >
                        {roles.map((role) => (
                          <option key={role}>{role}</option>
                        ))}
                      </select>
                    </td>
                    <td data-label="Since">
                      <Time at={member.createdAt} />
                    </td>
                    <td class="end">
                      <Button
                        kind="quiet"
                        label={`Make a password link for ${member.email}`}
                        onClick={() =>
                          void makeResetLink(member.personId).then(setLink, (error: unknown) => toast(messageOf(error)))
                        }
                      >
                        Password link
                      </Button>
                      <Button kind="quiet" label={`Remove ${member.email}`} onClick={() => setRemoving(member)}>
                        Remove…
                      </Button>
                    </td>
                  </tr>
                ))}
                {invitations.items.map(({ id, email, role, expiresAt }) => (
                  <tr key={id}>
                    <td>
                      {email} <span class="badge warn">invited</span>
                    </td>
                    <td data-label="Role">{role}</td>
                    <td data-label="Link ends">
                      <Time at={expiresAt} />
                    </td>
                    <td class="end">
                      <Button
                        kind="quiet"
                        label={`Withdraw the invitation of ${email}`}
                        onClick={() => void attempt(withdrawInvitation(id), 'The invitation was withdrawn')}
                      >
                        Withdraw
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Loaded>
      {isInviting && (
        <Invite
          onClose={() => setInviting(false)}
          onMade={(made) => {
            setInviting(false)
            setLink(made)
            void people.reload()
          }}
        />
      )}
      {link && (
        <ShownOnce
          title="A link to hand over"
          name="link"
          text={link.url}
          note="It works once, within 24 hours. Send it to this person only."
          onClose={() => setLink(undefined)}
        />
      )}
      {removing && (
        <Confirm
          title={`Remove ${removing.email}?`}
          action="Remove member"
          onClose={() => setRemoving(undefined)}
          onConfirm={async () => {
            await removeMember(removing.personId)
            await people.reload()
          }}
        >
          <p>They lose access at once. They can be invited again.</p>
        </Confirm>
      )}
    </>
  )
}

function Invite({ onClose, onMade }: { readonly onClose: () => void; readonly onMade: (link: Link) => void }) {
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('viewer')
  const [error, setError] = useState<unknown>(undefined)
  async function make(event: Event) {
    event.preventDefault()
    await invite({ email: email.trim(), role }).then(onMade, setError)
  }
  return (
    <Dialog title="Invite a person" onClose={onClose}>
      <form class="stack" onSubmit={(event) => void make(event)}>
        <Field label="E-mail">
          {(attributes) => (
            <input
              {...attributes}
              type="email"
              required
              autoFocus
              autocomplete="off"
              value={email}
              onInput={(event) => setEmail(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field label="Role" hint={`A ${role} ${meanings[role]}.`}>
          {(attributes) => (
            <select {...attributes} value={role} onChange={(event) => setRole(event.currentTarget.value as Role)}>
              {roles.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          )}
        </Field>
        {error !== undefined && <Fault error={error} />}
        <footer class="actions">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit">
            Make invitation link
          </Button>
        </footer>
      </form>
    </Dialog>
  )
}
