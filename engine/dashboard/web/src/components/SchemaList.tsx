import type { SchemaTable } from "../api/types";
import type { Loaded } from "../state/load";
import { LoadingView } from "./Loading";

/** SchemaList tells what SQL may read; names are inserted into the text by a click. */
export function SchemaList({ loaded, insert }: { loaded: Loaded<{ tables: SchemaTable[] }>; insert: (text: string) => void }) {
  return (
    <aside class="schema panel" aria-label="Schema">
      <h2>Tables</h2>
      <LoadingView loaded={loaded} what="schema">
        {({ tables }) => (
          <ul>
            {tables.map((table) => (
              <li key={table.name}>
                <details>
                  <summary>{table.name}</summary>
                  <p class="hint">
                    {table.description}{" "}
                    <button type="button" class="link" onClick={() => insert(table.name)}>
                      Insert<span class="visually-hidden"> {table.name}</span>
                    </button>
                  </p>
                  <ul>
                    {table.columns.map((column) => (
                      <li key={column.name}>
                        <button type="button" class="value" title={column.description} onClick={() => insert(column.name)}>
                          {column.name}
                        </button>{" "}
                        <span class="type">{column.type.toLowerCase()}</span>
                      </li>
                    ))}
                  </ul>
                </details>
              </li>
            ))}
          </ul>
        )}
      </LoadingView>
    </aside>
  );
}
