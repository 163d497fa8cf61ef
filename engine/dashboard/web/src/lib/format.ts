// Numbers, sizes, times and countries for people. Dates stay ISO.

const whole = new Intl.NumberFormat("en-US");
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const countryNames = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });

/** count writes a number with thousands separators; "no data" stands for null. */
export function count(n: number | null | undefined): string {
  return n === null || n === undefined ? "no data" : whole.format(n);
}

/** shortCount writes a number for an axis, such as 1.2K. */
export function shortCount(n: number): string {
  return short.format(n);
}

/** share writes a quotient as a percentage. */
export function share(part: number, all: number): string {
  if (all === 0) return "0 %";
  const percent = (100 * part) / all;
  return percent > 0 && percent < 0.1 ? "< 0.1 %" : `${percent.toFixed(1)} %`;
}

/** change says how a number differs from the one before it. */
export function change(now: number, before: number | null): string {
  if (before === null) return "no data before";
  if (now === before) return "unchanged";
  if (before === 0) return "from 0";
  const percent = (100 * (now - before)) / before;
  const text = Math.abs(percent) < 0.1 ? "< 0.1" : whole.format(Number(Math.abs(percent).toFixed(Math.abs(percent) < 100 ? 1 : 0)));
  return `${percent > 0 ? "+" : "−"}${text} %`;
}

/** size writes a number of bytes. */
export function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let n = bytes;
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024;
    unit++;
  }
  return unit === 0 ? `${n} B` : `${n.toFixed(1)} ${units[unit]}`;
}

/** time writes an RFC 3339 time to the minute, UTC. */
export function time(text: string | undefined): string {
  if (!text || Number.isNaN(Date.parse(text))) return "";
  return new Date(text).toISOString().slice(0, 16).replace("T", " ") + " UTC";
}

/** day is the day of an RFC 3339 time, UTC. */
export function day(text: string | undefined): string {
  return time(text).slice(0, 10);
}

/** country writes an ISO 3166-1 code with its name. */
export function country(code: string): string {
  const name = /^[A-Z]{2}$/.test(code) ? countryNames.of(code) : undefined;
  return name ? `${name} (${code})` : code;
}

/** plural writes a number and what it counts. */
export function plural(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
}
