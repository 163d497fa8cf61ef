import assert from "node:assert/strict";
import { test } from "node:test";
import { addMonths, endOf, isDay, newestRange, nextStart, periodsIn, resolveRange, startOf, wholePeriods } from "../src/lib/period";

test("days that exist", () => {
  assert.ok(isDay("2026-02-28"));
  assert.ok(isDay("2028-02-29"));
  for (const text of ["2026-02-29", "2026-13-01", "2026-9-01", "", "today"]) assert.ok(!isDay(text), text);
});

test("months of other lengths", () => {
  assert.equal(addMonths("2026-03-31", -1), "2026-02-28");
  assert.equal(addMonths("2026-11-21", -12), "2025-11-21");
  assert.equal(addMonths("2026-12-31", 2), "2027-02-28");
});

test("periods begin on Mondays and firsts", () => {
  assert.equal(startOf("weeks", "2026-09-14"), "2026-09-14"); // a Monday
  assert.equal(startOf("weeks", "2026-09-20"), "2026-09-14"); // a Sunday
  assert.equal(startOf("weeks", "2027-01-01"), "2026-12-28");
  assert.equal(startOf("months", "2026-09-20"), "2026-09-01");
  assert.equal(endOf("weeks", "2026-09-16"), "2026-09-20");
  assert.equal(endOf("months", "2026-02-10"), "2026-02-28");
  assert.equal(endOf("days", "2026-02-10"), "2026-02-10");
  assert.equal(nextStart("months", "2026-01-01", -1), "2025-12-01");
  assert.equal(nextStart("weeks", "2026-10-19"), "2026-10-26"); // clocks go back in between
});

test("the last months are closed, and the running period comes on top", () => {
  assert.deepEqual(resolveRange({ last: 3 }, "months", "2026-11-21"), { from: "2026-08-01", to: "2026-11-30" });
  // Three months before Monday, 16 November, is Sunday, 16 August: in the week of the 10th.
  assert.deepEqual(resolveRange({ last: 3 }, "weeks", "2026-11-21"), { from: "2026-08-10", to: "2026-11-22" });
  assert.deepEqual(resolveRange({ last: 12 }, "days", "2026-11-21"), { from: "2025-11-21", to: "2026-11-21" });
});

test("any days become whole periods", () => {
  assert.deepEqual(resolveRange({ from: "2026-09-16", to: "2026-09-21" }, "weeks", "2026-11-21"), { from: "2026-09-14", to: "2026-09-27" });
  assert.deepEqual(wholePeriods("months", { from: "2026-01-31", to: "2026-02-01" }), { from: "2026-01-01", to: "2026-02-28" });
  assert.deepEqual(periodsIn("months", { from: "2026-12-01", to: "2027-01-31" }), [
    { from: "2026-12-01", to: "2026-12-31" },
    { from: "2027-01-01", to: "2027-01-31" },
  ]);
});

test("the newest range ends with the newest day", () => {
  assert.deepEqual(newestRange({ last: 3 }, "2026-09-20"), { from: "2026-06-21", to: "2026-09-20" });
  assert.deepEqual(newestRange({ from: "2026-11-01", to: "2026-11-07" }, "2026-09-20"), { from: "2026-09-14", to: "2026-09-20" });
});
