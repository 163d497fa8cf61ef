import { useMemo, useState } from "preact/hooks";
import { base, send } from "../api/client";
import type { QueryAnswer } from "../api/types";
import { download } from "../lib/download";
import { count, plural } from "../lib/format";
import { chartOf, isNumeric } from "../lib/result";
import { Chart } from "./Chart";
import { CsvButton } from "./CsvButton";
import { DataTable } from "./DataTable";
import { Select } from "./fields";

interface Props {
  sql: string;
  params: Record<string, string>;
  answer: QueryAnswer;
}

/** QueryResult shows rows as a table and, where they have numbers, as a chart. */
export function QueryResult({ sql, params, answer }: Props) {
  const [kind, setKind] = useState<"none" | "bar" | "line">("none");
  const chart = useMemo(() => chartOf(answer), [answer]);
  const shown = answer.rows.length;
  return (
    <section class="panel" aria-label="Result">
      <div class="panel-head">
        <h2>{answer.more ? `The first ${count(shown)} rows` : plural(shown, "row")}</h2>
        <span class="hint">{count(answer.ms)} ms</span>
        <span class="buttons">
          {chart && (
            <Select
              label="Chart"
              value={kind}
              choices={[
                { value: "none", title: "none" },
                { value: "bar", title: "bars" },
                { value: "line", title: "lines" },
              ]}
              onChange={setKind}
            />
          )}
          <CsvButton name={["query"]} header={answer.columns.map(({ name }) => name)} rows={answer.rows} />
          {answer.more && <AllRows sql={sql} params={params} />}
        </span>
      </div>
      {chart && kind !== "none" && <Chart label={`${chart.series.map(({ name }) => name).join(", ")} by ${answer.columns[0]!.name}`} unit={chart.series[0]!.name} table={chart} kind={kind} stacked={false} />}
      <DataTable
        caption="Rows of the query"
        hideCaption
        rows={answer.rows}
        empty="The query has no rows."
        columns={answer.columns.map(({ name, type }, at) => ({
          title: name,
          numeric: isNumeric(type),
          cell: (row: (string | null)[]) => row[at] ?? <span class="null">NULL</span>,
        }))}
      />
    </section>
  );
}

/** AllRows saves also the rows that are not shown. */
function AllRows({ sql, params }: { sql: string; params: Record<string, string> }) {
  const [state, setState] = useState("");
  const save = async () => {
    setState("Loading …");
    try {
      const response = await send("POST", base + "/query", { sql, params, format: "csv" });
      download("query.csv", "text/csv;charset=utf-8", await response.blob());
      setState("");
    } catch (error) {
      setState(`All rows could not be loaded: ${(error as Error).message}. Try again.`);
    }
  };
  return (
    <>
      <button type="button" class="quiet" onClick={() => void save()}>
        CSV of all rows
      </button>
      <span role="status" class="hint">
        {state}
      </span>
    </>
  );
}
