// Days, weeks and months, all UTC. A day is its ISO date, such as 2026-09-25; weeks begin on Monday.

export type Day = string;
export type Timespan = "days" | "weeks" | "months";

/** DayRange is a stretch of days, both included. */
export interface DayRange {
  from: Day;
  to: Day;
}

/** LastMonths are the closed months before today and the running one; or whole weeks or days in their place. */
export type LastMonths = 3 | 6 | 12;

/** Choice of days: the last months, or any days. */
export type RangeChoice = { last: LastMonths } | DayRange;

const msPerDay = 86_400_000;

/** isDay tells whether a text is a day that exists. */
export function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && dayOf(Date.parse(text)) === text;
}

/** dayOf is the day of a time in milliseconds. */
export function dayOf(time: number): Day {
  return new Date(time).toISOString().slice(0, 10);
}

export function addDays(day: Day, days: number): Day {
  return dayOf(Date.parse(day) + days * msPerDay);
}

/** addMonths goes to the same day of another month, or to its last day where that is too short. */
export function addMonths(day: Day, months: number): Day {
  const date = new Date(day);
  const wanted = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastOfMonth = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(wanted, lastOfMonth));
  return dayOf(date.getTime());
}

/** startOf is the first day of the period that a day is in. */
export function startOf(timespan: Timespan, day: Day): Day {
  switch (timespan) {
    case "weeks":
      return addDays(day, -((new Date(day).getUTCDay() + 6) % 7));
    case "months":
      return day.slice(0, 8) + "01";
    default:
      return day;
  }
}

/** nextStart is the first day of the n-th period after the one that begins at start; n may be negative. */
export function nextStart(timespan: Timespan, start: Day, n = 1): Day {
  switch (timespan) {
    case "weeks":
      return addDays(start, 7 * n);
    case "months":
      return addMonths(start, n);
    default:
      return addDays(start, n);
  }
}

/** endOf is the last day of the period that a day is in. */
export function endOf(timespan: Timespan, day: Day): Day {
  return addDays(nextStart(timespan, startOf(timespan, day)), -1);
}

/** periodsIn are the periods of a range that begins and ends with one. */
export function periodsIn(timespan: Timespan, range: DayRange): DayRange[] {
  const periods: DayRange[] = [];
  for (let from = startOf(timespan, range.from); from <= range.to; from = nextStart(timespan, from)) {
    periods.push({ from, to: endOf(timespan, from) });
  }
  return periods;
}

/** wholePeriods widens days to whole periods. */
export function wholePeriods(timespan: Timespan, range: DayRange): DayRange {
  return { from: startOf(timespan, range.from), to: endOf(timespan, range.to) };
}

/**
 * resolveRange tells the days that a choice means today: whole periods, of which the last may be running.
 * Of days it has those up to today.
 */
export function resolveRange(choice: RangeChoice, timespan: Timespan, today: Day): DayRange {
  if ("from" in choice) {
    return wholePeriods(timespan, choice);
  }
  const running = startOf(timespan, today);
  return { from: startOf(timespan, addMonths(running, -choice.last)), to: endOf(timespan, today) };
}

/** newestRange is the range of the length of a choice that ends with the newest stored day. */
export function newestRange(choice: RangeChoice, lastDay: Day): DayRange {
  const days = "from" in choice ? Math.round((Date.parse(choice.to) - Date.parse(choice.from)) / msPerDay) : 0;
  const from = "from" in choice ? addDays(lastDay, -days) : addDays(addMonths(lastDay, -choice.last), 1);
  return { from, to: lastDay };
}

/** stretch writes days as reports take them. */
export function stretch(range: DayRange): string {
  return `${range.from}..${range.to}`;
}
