import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { mapLevel, valueTitle } from "../src/lib/breakdown";
import { backgrounds, contrast, lookOf, palette } from "../src/lib/colors";
import { change, count, share, size, time } from "../src/lib/format";
import { chartOf } from "../src/lib/result";
import { errorPosition, reportSQL } from "../src/lib/sql";

test("numbers for people", () => {
  assert.equal(count(1234567), "1,234,567");
  assert.equal(count(null), "no data");
  assert.equal(share(1, 3), "33.3 %");
  assert.equal(share(1, 10_000), "< 0.1 %");
  assert.equal(share(0, 0), "0 %");
  assert.equal(size(1536), "1.5 KiB");
  assert.equal(time("2026-09-14T10:20:30.5Z"), "2026-09-14 10:20 UTC");
  assert.equal(time(undefined), "");
});

test("changes", () => {
  assert.equal(change(110, 100), "+10 %");
  assert.equal(change(1, 3), "−66.7 %");
  assert.equal(change(5000, 10), "+49,900 %");
  assert.equal(change(5, 0), "from 0");
  assert.equal(change(5, 5), "unchanged");
  assert.equal(change(5, null), "no data before");
});

test("values that are not known have a name", () => {
  assert.equal(valueTitle("tag", ""), "by digest, no tag");
  assert.equal(valueTitle("version", ""), "unknown");
  assert.equal(valueTitle("country", "DE"), "Germany (DE)");
  assert.equal(valueTitle("country", "<b>"), "<b>");
});

test("a country has a stronger colour for twice as many pulls", () => {
  assert.deepEqual([0, 1, 25, 26, 99, 100].map((n) => mapLevel(n, 100)), [0, 1, 3, 4, 5, 5]);
});

test("colours are seen on both backgrounds, and no two series look the same", () => {
  assert.equal(Math.round(contrast("#000000", "#ffffff")), 21);
  for (const color of palette) {
    for (const background of Object.values(backgrounds)) assert.ok(contrast(color, background) >= 3, `${color} on ${background}: ${contrast(color, background).toFixed(2)}`);
  }
  const looks = Array.from({ length: 20 }, (_, n) => JSON.stringify(lookOf(n)));
  assert.equal(new Set(looks).size, looks.length);
});

test("the backgrounds are those of the style sheet, and texts can be read on them", () => {
  const css = readFileSync("src/styles/base.css", "utf8");
  const [light, dark] = [/^:root \{([^}]*)\}/m, /^:root\[data-theme="dark"\] \{([^}]*)\}/m].map((block) =>
    Object.fromEntries([...block.exec(css)![1]!.matchAll(/--([\w-]+): (#\w{6})/g)].map(([, name, value]) => [name!, value!])),
  ) as [Record<string, string>, Record<string, string>];
  assert.equal(light.panel, backgrounds.light);
  assert.equal(dark.panel, backgrounds.dark);
  for (const colors of [light, dark]) {
    for (const under of [colors.panel!, colors.page!]) {
      for (const name of ["text", "text-soft", "accent"]) assert.ok(contrast(colors[name]!, under) >= 4.5, `${name} on ${under}`);
      assert.ok(contrast(colors.edge!, under) >= 3, `edge on ${under}`);
    }
    assert.ok(contrast(colors["accent-text"]!, colors.accent!) >= 4.5);
    assert.ok(contrast(colors.text!, colors["bad-soft"]!) >= 4.5);
  }
});

test("texts cannot leave their literal", () => {
  assert.equal(
    reportSQL("heavy_users", "image_repository", "ac'me", ["a'b"], { from: "2026-09-14", to: "2026-09-17" }),
    "select *\nfrom report_heavy_users('2026-09-14..2026-09-17')\nwhere image_repository in ('ac''me/a''b')",
  );
  assert.match(reportSQL("technographic", "dvpp_image", "acme", [], { from: "2026-09-14", to: "2026-09-17" }), /where starts_with\(dvpp_image, 'acme\/'\)$/);
});

test("an error is found in the text", () => {
  const sql = "select\n foo from actions";
  assert.equal(errorPosition(sql, 'Binder Error: Referenced column "foo" not found!\n\nLINE 2:  foo from actions\n         ^'), sql.indexOf("foo"));
  assert.equal(errorPosition(sql, "Out of memory"), null);
  const long = "select " + "a, ".repeat(50) + "foo, " + "b, ".repeat(50) + "c from t";
  const shown = long.slice(long.indexOf("foo") - 30, long.indexOf("foo") + 40);
  assert.equal(errorPosition(long, `Error\nLINE 1: ...${shown}...\n${" ".repeat("LINE 1: ...".length + 30)}^`), long.indexOf("foo"));
});

test("a result is drawn over its first column", () => {
  const answer = { columns: [{ name: "day", type: "DATE" }, { name: "tag", type: "VARCHAR" }, { name: "n", type: "BIGINT" }], rows: [["2026-09-14", "a", "5"], ["2026-09-15", "b", null]], more: false, ms: 1 };
  assert.deepEqual(chartOf(answer), {
    columns: [
      { start: "2026-09-14", end: "2026-09-14", open: false },
      { start: "2026-09-15", end: "2026-09-15", open: false },
    ],
    series: [{ name: "n", values: [5, null] }],
  });
  assert.equal(chartOf({ ...answer, columns: answer.columns.slice(0, 2) }), null);
});
