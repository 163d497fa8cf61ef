import type { SavedQuery } from "../api/types";
import type { Loaded } from "../state/load";

interface Props {
  loaded: Loaded<{ queries: SavedQuery[] }>;
  sql: string;
  params: Record<string, string>;
  choose: (sql: string, params: Record<string, string>) => void;
  setParams: (params: Record<string, string>) => void;
}

/** SavedQueries offers questions that are answered already, and fields for what they may be given. */
export function SavedQueries({ loaded, sql, params, choose, setParams }: Props) {
  const queries = loaded.data?.queries ?? [];
  const current = queries.find((query) => query.sql === sql);
  const meanings = new Map(current?.params.map((param) => [param.name, param.description]));
  const pick = (name: string) => {
    const query = queries.find((other) => other.name === name);
    if (query) choose(query.sql, Object.fromEntries(query.params.map((param) => [param.name, param.default ?? ""])));
  };
  return (
    <>
      <label class="field">
        <span>Saved query</span>
        <select value={current?.name ?? ""} onChange={(event) => pick(event.currentTarget.value)}>
          <option value="">{loaded.error ? "could not be loaded" : "choose one"}</option>
          {queries.map((query) => (
            <option key={query.name} value={query.name}>
              {query.name}: {query.title}
            </option>
          ))}
        </select>
      </label>
      {Object.keys(params).length > 0 && (
        <fieldset class="params">
          <legend>Parameters</legend>
          {Object.entries(params).map(([name, value]) => (
            <label class="field" key={name}>
              <span>${name}</span>
              <input value={value} onInput={(event) => setParams({ ...params, [name]: event.currentTarget.value })} />
              {meanings.get(name) && <span class="hint">{meanings.get(name)}</span>}
            </label>
          ))}
        </fieldset>
      )}
    </>
  );
}
