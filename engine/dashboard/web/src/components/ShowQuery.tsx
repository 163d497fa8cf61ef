import { useState } from "preact/hooks";
import { formatQuery } from "../state/params";
import { navigate, root } from "../state/location";
import { me } from "../state/session";

interface Props {
  /** what the numbers are, for those who hear the name of the button only */
  of: string;
  /** the SQL, or what gets it */
  sql: string | (() => Promise<string>) | undefined;
}

/** ShowQuery opens the query page with the SQL behind numbers, for those who may use that page. */
export function ShowQuery({ of, sql }: Props) {
  const [problem, setProblem] = useState("");
  if (!me.value?.query) return null;
  const show = async () => {
    try {
      const text = typeof sql === "function" ? await sql() : sql;
      if (text) navigate(root + "query" + formatQuery({ sql: text, params: {} }));
    } catch (error) {
      setProblem(`The query could not be loaded: ${(error as Error).message}. Try again.`);
    }
  };
  return (
    <span class="show-query">
      <button type="button" class="quiet" onClick={show} disabled={sql === undefined} aria-label={`Show query: ${of}`}>
        Show query
      </button>
      {problem && <span role="alert">{problem}</span>}
    </span>
  );
}
