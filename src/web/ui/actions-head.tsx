/** The head of a column of buttons: seen by nobody, read out to those who walk the table by ear. */
export function ActionsHead() {
  return (
    <th scope="col" class="end">
      <span class="hidden">Actions</span>
    </th>
  )
}
