import { useEffect, useRef, useState } from "preact/hooks";
import { base, get, send } from "../api/client";
import type { QueryAnswer, SavedQuery, SchemaTable } from "../api/types";
import { CopyLink } from "../components/CopyLink";
import { QueryResult } from "../components/QueryResult";
import { SavedQueries } from "../components/SavedQueries";
import { SchemaList } from "../components/SchemaList";
import { errorPosition } from "../lib/sql";
import { address, freshlyAsked, navigate, root } from "../state/location";
import { useLoad } from "../state/load";
import { formatQuery, parseQuery } from "../state/params";

const path = root + "query";
const example = "select namespace, repository, count(*) as pulls\nfrom actions\ngroup by all\norder by pulls desc\nlimit 20";
// How many rows are shown.
const limit = 1000;

type Outcome = { sql: string; params: Record<string, string>; answer: QueryAnswer } | { sql: string; error: Error };

/** Query runs SQL that only reads. */
export function Query() {
  const asked = parseQuery(address.value);
  const [sql, setSQL] = useState(asked.sql || example);
  const [params, setParams] = useState(asked.params);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [running, setRunning] = useState<AbortController | null>(null);
  const editor = useRef<HTMLTextAreaElement>(null);
  const schema = useLoad("schema", (signal) => get<{ tables: SchemaTable[] }>("/query/schema", {}, signal));
  const saved = useLoad("saved", (signal) => get<{ queries: SavedQuery[] }>("/query/saved", {}, signal));

  const run = async (text = sql, values = params) => {
    running?.abort();
    const abort = new AbortController();
    setRunning(abort);
    const used = usedParams(text, values);
    navigate(path + formatQuery({ sql: text, params: used }));
    try {
      const response = await send("POST", base + "/query", { sql: text, params: used, limit, format: "json" }, abort.signal);
      setOutcome({ sql: text, params: used, answer: (await response.json()) as QueryAnswer });
    } catch (error) {
      if (!abort.signal.aborted) setOutcome({ sql: text, error: error as Error });
    } finally {
      setRunning((current) => (current === abort ? null : current));
    }
  };
  // The address may change while we are here: back, forward, or a link. What another page asked for runs at once; a
  // link from elsewhere waits for a click.
  const key = JSON.stringify(asked);
  useEffect(() => {
    if (!asked.sql) return;
    setSQL(asked.sql);
    setParams(asked.params);
    if (freshlyAsked.value) {
      freshlyAsked.value = false;
      void run(asked.sql, asked.params);
    }
  }, [key]);

  const insert = (text: string) => {
    const area = editor.current!;
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    setSQL(area.value);
    area.focus();
  };
  const goTo = (position: number) => {
    editor.current?.focus();
    editor.current?.setSelectionRange(position, position + 1);
  };
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Query</h1>
        <CopyLink />
      </div>
      <div class="query">
        <SchemaList loaded={schema} insert={insert} />
        <form
          aria-label="Query"
          class="query-main"
          onSubmit={(event) => {
            event.preventDefault();
            void run();
          }}
        >
          <SavedQueries
            loaded={saved}
            sql={sql}
            params={params}
            choose={(text, values) => {
              setSQL(text);
              setParams(values);
              setOutcome(null);
            }}
            setParams={setParams}
          />
          <label class="field">
            <span>SQL, which only reads</span>
            <textarea
              ref={editor}
              class="sql"
              rows={10}
              spellcheck={false}
              autocapitalize="none"
              value={sql}
              onInput={(event) => setSQL(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
                  event.preventDefault();
                  void run();
                }
              }}
            />
          </label>
          <div class="buttons">
            <button type="submit" class="primary" disabled={running !== null || sql.trim() === ""}>
              Run
            </button>
            {running && (
              <button type="button" onClick={() => running.abort()}>
                Stop
              </button>
            )}
            <span class="hint" role="status">
              {running ? "Running …" : "Ctrl+Enter runs it."}
            </span>
          </div>
          {outcome && "error" in outcome && <QueryProblem sql={outcome.sql} error={outcome.error} goTo={goTo} />}
        </form>
      </div>
      {outcome && "answer" in outcome && <QueryResult sql={outcome.sql} params={outcome.params} answer={outcome.answer} />}
    </>
  );
}

function QueryProblem({ sql, error, goTo }: { sql: string; error: Error; goTo: (position: number) => void }) {
  const position = errorPosition(sql, error.message);
  const line = position === null ? 0 : sql.slice(0, position).split("\n").length;
  return (
    <div class="problem" role="alert">
      <p>The query failed:</p>
      <pre>{error.message}</pre>
      {position !== null && (
        <button type="button" onClick={() => goTo(position)}>
          Go to line {line}, column {position - sql.lastIndexOf("\n", position - 1)}
        </button>
      )}
    </div>
  );
}

/** usedParams are the values of the $names that the text has. */
function usedParams(sql: string, values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => new RegExp(`\\$${name}(?![A-Za-z0-9_])`).test(sql)));
}
