/** Where a request came in, as a location hint for Durable Objects: what stands near it answers soonest. */
export function regionOf(cf: unknown): string {
  const { continent, longitude } = (cf ?? {}) as { readonly continent?: string; readonly longitude?: string }
  const degrees = Number(longitude ?? Number.NaN)
  switch (continent) {
    case 'NA':
      return degrees < -100 ? 'wnam' : 'enam'
    case 'SA':
      return 'sam'
    case 'EU':
      return degrees > 20 ? 'eeur' : 'weur'
    case 'AF':
      return 'afr'
    case 'OC':
      return 'oc'
    case 'AS':
      return degrees < 60 ? 'me' : 'apac'
    default:
      return 'enam'
  }
}
