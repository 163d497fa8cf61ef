// The choice of light or dark, kept by the browser.

export type Theme = "system" | "light" | "dark";

const key = "pullscope-theme";

export function storedTheme(): Theme {
  try {
    const value = localStorage.getItem(key);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system"; // the browser keeps nothing
  }
}

export function storeTheme(theme: Theme): void {
  try {
    if (theme === "system") localStorage.removeItem(key);
    else localStorage.setItem(key, theme);
  } catch {
    // then it holds until the page is closed
  }
}

/** markTheme tells the style sheet. */
export function markTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
