const storageKey = 'autoconnecto.theme'
const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

export function currentTheme(): Theme {
  const stored = localStorage.getItem(storageKey)
  return themes.find((theme) => theme === stored) ?? 'auto'
}

export function nextTheme(theme: Theme): Theme {
  return themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'auto'
}

export function setTheme(theme: Theme): void {
  localStorage.setItem(storageKey, theme)
  restoreTheme()
}

export function restoreTheme(): void {
  const theme = currentTheme()
  if (theme === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}
