import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Me } from "../api/types";
import { Breakdown } from "../pages/Breakdown";
import { Health } from "../pages/Health";
import { Login } from "../pages/Login";
import { Overview } from "../pages/Overview";
import { Query } from "../pages/Query";
import { Reports } from "../pages/Reports";
import { address, navigate, root } from "../state/location";
import { afterLogin, learnMe, loginAddress, me, problem } from "../state/session";
import { Header, pagesOf } from "./Header";
import { Problem } from "./Loading";
import { Notice } from "./Notice";

const pages: Record<string, (props: { who: Me }) => ComponentChildren> = {
  "": Overview,
  breakdown: Breakdown,
  reports: Reports,
  query: Query,
  health: Health,
};

/** App shows the page that the address names. */
export function App() {
  const page = address.value.pathname.slice(root.length).replace(/\/$/, "");
  const who = me.value;
  const main = useRef<HTMLElement>(null);
  const before = useRef<string | null>(null);
  useEffect(() => {
    if (who === null && page !== "login") navigate(loginAddress(), { replace: true });
    if (who && page === "login" && (who.name || !who.login)) navigate(afterLogin(address.value.searchParams.get("next")), { replace: true });
  }, [who, page]);
  useEffect(() => {
    const title = page === "login" ? "Log in" : who && pagesOf(who).find(({ path }) => path === page)?.title;
    document.title = (title ? title + " · " : "") + "pullscope";
    // Who goes on to another page is told its name.
    if (before.current !== null && before.current !== page) main.current?.querySelector<HTMLElement>("h1")?.focus();
    before.current = page;
  }, [page, who]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header who={who} page={page} />
      <main id="main" ref={main} tabIndex={-1}>
        {problem.value ? <Problem error={problem.value} what="dashboard" retry={() => void learnMe()} /> : <Page page={page} who={who} />}
      </main>
      <footer class="site">
        <p>
          {who?.version && `pullscope ${who.version} · `}All times are UTC; weeks begin on Monday.
          {who?.lastDay && ` Data from ${who.firstDay} to ${who.lastDay}.`}
        </p>
      </footer>
    </>
  );
}

function Page({ page, who }: { page: string; who: Me | null | undefined }) {
  if (page === "login") return <Login />;
  if (!who) return <p class="waiting">Loading …</p>;
  const Shown = Object.hasOwn(pages, page) ? pages[page] : undefined;
  if (Shown && pagesOf(who).some(({ path }) => path === page)) return <Shown who={who} />;
  return (
    <Notice>
      <h1 tabIndex={-1}>There is no such page</h1>
      <p>
        Or you may not see it. <a href={root}>Go to the overview</a>.
      </p>
    </Notice>
  );
}
