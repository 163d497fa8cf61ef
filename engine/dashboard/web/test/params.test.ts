import assert from "node:assert/strict";
import { test } from "node:test";
import type { OverviewParams } from "../src/state/params";
import { formatBreakdown, formatOverview, formatQuery, parseBreakdown, parseOverview, parseQuery, toggleFilter } from "../src/state/params";

const overview: OverviewParams = {
  ns: "acme",
  repo: ["tools/backup", "a&b"],
  timespan: "months",
  range: { from: "2026-01-01", to: "2026-09-20" },
  metric: "users",
  chart: "bar",
  by: "repo",
};

test("the address of the overview holds every selection", () => {
  const text = formatOverview(overview);
  assert.equal(text, "?ns=acme&repo=tools%2Fbackup&repo=a%26b&timespan=months&from=2026-01-01&to=2026-09-20&metric=users&chart=bar&by=repo");
  assert.deepEqual(parseOverview(new URLSearchParams(text), "other"), overview);
});

test("what is missing or wrong gets the default", () => {
  const defaults: OverviewParams = { ns: "other", repo: [], timespan: "weeks", range: { last: 3 }, metric: "pulls", chart: "line", by: "total" };
  assert.deepEqual(parseOverview(new URLSearchParams(""), "other"), defaults);
  const wrong = "timespan=years&period=last-5-months&from=2026-09-20&to=2026-09-01&metric=bytes&chart=pie&by=tag";
  assert.deepEqual(parseOverview(new URLSearchParams(wrong), "other"), defaults);
  assert.deepEqual(parseOverview(new URLSearchParams("period=last-12-months"), "x").range, { last: 12 });
});

test("filters may be empty texts, and have each value once", () => {
  const p = parseBreakdown(new URLSearchParams("ns=acme&tag=v1&tag=&tag=v1&use-case=CI%2FCD&color=red"), "");
  assert.deepEqual(p.filters, { tag: ["v1", ""], "use-case": ["CI/CD"] });
  assert.equal(formatBreakdown(p), "?ns=acme&tag=v1&tag=&use-case=CI%2FCD&timespan=weeks&period=last-3-months");
});

test("a filter goes on and off", () => {
  const on = toggleFilter({ country: ["DE"] }, "country", "US");
  assert.deepEqual(on, { country: ["DE", "US"] });
  assert.deepEqual(toggleFilter(toggleFilter(on, "country", "DE"), "country", "US"), {});
});

test("the address of the query page holds the SQL, behind # where it is long", () => {
  const short = { sql: "select '&#?' as a\nfrom b -- ü", params: { period: "2026-09", "x.y": "" } };
  const url = new URL("http://host.example/dashboard/query" + formatQuery(short));
  assert.equal(url.hash, "");
  assert.deepEqual(parseQuery(url), short);
  const long = { sql: "select " + "1, ".repeat(3000) + "2", params: {} };
  const longURL = new URL("http://host.example/dashboard/query" + formatQuery(long));
  assert.equal(longURL.search, "");
  assert.deepEqual(parseQuery(longURL), long);
});
