// The address of the page, which holds every selection: whoever opens it sees the same.

import { signal } from "@preact/signals";

export const root = "/dashboard/";

/** address is where we are. */
export const address = signal(new URL(window.location.href));

/** freshlyAsked says that a click in the dashboard led here, and not a link from elsewhere. */
export const freshlyAsked = signal(false);

window.addEventListener("popstate", () => {
  freshlyAsked.value = false;
  address.value = new URL(window.location.href);
});

/** navigate goes to another address of the dashboard; replace forgets this one. */
export function navigate(href: string, { replace = false } = {}): void {
  const next = new URL(href, window.location.href);
  if (next.href === address.value.href) return;
  const samePage = next.pathname === address.value.pathname;
  if (replace) history.replaceState(null, "", next);
  else history.pushState(null, "", next);
  freshlyAsked.value = !samePage;
  address.value = next;
  if (!samePage) window.scrollTo(0, 0);
}

// Links within the dashboard need not load the page again.
document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.target || link.hasAttribute("download") || link.origin !== window.location.origin) return;
  if (!link.pathname.startsWith(root) || link.getAttribute("href")?.startsWith("#")) return;
  event.preventDefault();
  navigate(link.href);
});
