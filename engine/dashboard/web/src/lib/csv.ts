// CSV as RFC 4180 has it, with line feeds, as the reports have it.

export type Cell = string | number | null;

/** toCSV writes a table with its header. Null is an empty field. */
export function toCSV(header: string[], rows: Cell[][]): string {
  return [header, ...rows].map((row) => row.map(field).join(",") + "\n").join("");
}

function field(value: Cell): string {
  if (value === null) return "";
  const text = typeof value === "string" ? guard(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// guard keeps spreadsheets from running a text as a formula.
function guard(text: string): string {
  return /^[=+\-@\t\r]/.test(text) && !/^[+-]?\d+(\.\d+)?$/.test(text) ? "'" + text : text;
}

/** fileName makes a name of a file from parts that may have any characters. */
export function fileName(extension: string, ...parts: string[]): string {
  const name = parts.filter(Boolean).map((part) => part.replace(/[^A-Za-z0-9._-]+/g, "_")).join("-");
  return `${name}.${extension}`;
}
