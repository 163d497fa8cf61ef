// Light or dark: as the system is, unless somebody chose.

import { signal } from "@preact/signals";
import type { Theme } from "../lib/theme";
import { markTheme, storeTheme, storedTheme } from "../lib/theme";

export const theme = signal<Theme>(storedTheme());

/** applied counts changes of how the page looks, for what is drawn in colours of its own. */
export const applied = signal(0);

export function chooseTheme(choice: Theme): void {
  theme.value = choice;
  storeTheme(choice);
  markTheme(choice);
  applied.value++;
}

/** watchTheme follows the system. */
export function watchTheme(): void {
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => applied.value++);
}
