import assert from "node:assert/strict";
import { test } from "node:test";
import { fileName, toCSV } from "../src/lib/csv";

test("fields are quoted where they must be", () => {
  assert.equal(toCSV(["a", "b,c"], [['say "so"', "two\nlines"], [1234567, null]]), 'a,"b,c"\n"say ""so""","two\nlines"\n1234567,\n');
});

test("no text is a formula", () => {
  assert.equal(toCSV(["t"], [["=1+1"], ["+x"], ["-x"], ["@x"], ["-1.5"], ["\tx"]]), "t\n'=1+1\n'+x\n'-x\n'@x\n-1.5\n'\tx\n");
});

test("names of files have no odd characters", () => {
  assert.equal(fileName("csv", "Pulls of acme/api by week", "", "2026-09-14"), "Pulls_of_acme_api_by_week-2026-09-14.csv");
});
