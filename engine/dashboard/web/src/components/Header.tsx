import type { Me } from "../api/types";
import { address, root } from "../state/location";
import { closeSession, loginAddress } from "../state/session";
import type { Theme } from "../lib/theme";
import { chooseTheme, theme } from "../state/theme";

export interface PageLink {
  path: string;
  title: string;
}

/** pagesOf are the pages that somebody may use. */
export function pagesOf(who: Me): PageLink[] {
  return [
    { path: "", title: "Overview" },
    { path: "breakdown", title: "Breakdown" },
    { path: "reports", title: "Reports" },
    ...(who.query ? [{ path: "query", title: "Query" }] : []),
    ...(who.admin ? [{ path: "health", title: "Health" }] : []),
  ];
}

/** Header leads to the pages and tells who is logged in. */
export function Header({ who, page }: { who: Me | null | undefined; page: string }) {
  const ns = address.value.searchParams.get("ns");
  const keep = ns ? "?" + new URLSearchParams({ ns }) : "";
  return (
    <header class="site">
      <a class="brand" href={root}>
        pullscope
      </a>
      {who && (
        <nav aria-label="Pages">
          <ul>
            {pagesOf(who).map(({ path, title }) => (
              <li key={path}>
                <a href={root + path + (path === "query" || path === "health" ? "" : keep)} aria-current={path === page ? "page" : undefined}>
                  {title}
                </a>
              </li>
            ))}
            <li>
              <a href="/docs">API</a>
            </li>
          </ul>
        </nav>
      )}
      <div class="site-end">
        {who?.name && <span class="who">{who.name}</span>}
        {who?.name && (
          <button type="button" class="quiet" onClick={() => void closeSession()}>
            Log out
          </button>
        )}
        {who?.login && !who.name && <a href={loginAddress()}>Log in</a>}
        <label class="theme">
          <span class="visually-hidden">Colours</span>
          <select value={theme.value} onChange={(event) => chooseTheme(event.currentTarget.value as Theme)}>
            <option value="system">system</option>
            <option value="light">light</option>
            <option value="dark">dark</option>
          </select>
        </label>
      </div>
    </header>
  );
}
