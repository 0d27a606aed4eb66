import { useLocation } from 'preact-iso/router'

/** The part of the address after "?": what is filtered and sorted there survives a reload and can be sent to others. */
export function useQuery(): readonly [
  Readonly<Record<string, string>>,
  (change: Readonly<Record<string, string | undefined>>) => void,
] {
  const { path, query, route } = useLocation()
  function change(to: Readonly<Record<string, string | undefined>>) {
    const next = Object.entries({ ...query, ...to }).filter((entry): entry is [string, string] => Boolean(entry[1]))
    const search = new URLSearchParams(next).toString()
    route(search === '' ? path : `${path}?${search}`, true)
  }
  return [query, change]
}
