import assert from "node:assert/strict";
import { test } from "node:test";
import { toCSV } from "../src/lib/csv";
import { labelledColumns, loneValues, sentence } from "../src/lib/chart";
import type { PeriodValue } from "../src/lib/series";
import { csvOf, isEmpty, largest, newestComplete, noteOf, stack, tabulate } from "../src/lib/series";

const week = (start: string, series: string, value: number, open = false): PeriodValue => ({ start, series, value, open });
const values = [week("2026-09-07", "api", 3), week("2026-09-07", "web", 10), week("2026-09-21", "api", 4), week("2026-09-28", "api", 1, true)];
const table = tabulate("weeks", { from: "2026-09-07", to: "2026-10-11" }, "2026-10-01", ["web", "api"], values);

test("weeks that nobody has numbers of have no data; a series without has 0 in the others", () => {
  assert.deepEqual(
    table.series.map(({ values }) => values),
    [
      [10, null, 0, 0, null],
      [3, null, 4, 1, null],
    ],
  );
  assert.deepEqual(
    table.columns.map((_, at) => noteOf(table, at)),
    ["", "no data", "", "open", "open, no data yet"],
  );
  assert.equal(newestComplete(table), 2);
  assert.ok(!isEmpty(table));
  assert.ok(isEmpty(tabulate("days", { from: "2026-09-07", to: "2026-09-08" }, "2026-10-01", ["all"], [])));
});

test("the file is the table", () => {
  const { header, rows } = csvOf(table);
  assert.equal(
    toCSV(header, rows),
    "start,end,note,web,api\n2026-09-07,2026-09-13,,10,3\n2026-09-14,2026-09-20,no data,,\n2026-09-21,2026-09-27,,0,4\n" +
      "2026-09-28,2026-10-04,open,0,1\n2026-10-05,2026-10-11,\"open, no data yet\",,\n",
  );
});

test("values of the same series and period add up", () => {
  const all = values.map((value) => ({ ...value, series: "all" }));
  assert.deepEqual(tabulate("weeks", { from: "2026-09-07", to: "2026-09-13" }, "2026-10-01", ["all"], all).series[0]!.values, [13]);
});

test("the largest series come first, those of the same size by name", () => {
  assert.deepEqual(largest(values, 5), ["web", "api"]);
  assert.deepEqual(largest([week("2026-09-07", "b", 1), week("2026-09-07", "a", 1), week("2026-09-07", "c", 0)], 2), ["a", "b"]);
});

test("a stack ends with the sum", () => {
  assert.deepEqual(stack(table.series), [
    [10, null, 0, 0, null],
    [13, null, 4, 1, null],
  ]);
});

test("values without neighbours are drawn as points", () => {
  assert.deepEqual(loneValues([1, null, 2, 3, null, 4]), [0, 5]);
});

test("labels have room", () => {
  assert.deepEqual(labelledColumns(5, 1000), [0, 1, 2, 3, 4]);
  assert.deepEqual(labelledColumns(13, 300), [0, 5, 10]);
});

test("a column is told in words", () => {
  assert.equal(sentence(table, 3, "pulls"), "2026-09-28 to 2026-10-04, open, pulls: web 0, api 1");
  assert.equal(sentence(table, 1, "pulls"), "2026-09-14 to 2026-09-20: no data");
});
