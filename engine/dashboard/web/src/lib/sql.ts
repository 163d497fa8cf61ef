// Texts of SQL: literals, questions to reports, and where an error is.

import type { DayRange } from "./period";
import { stretch } from "./period";

/** literal writes a text as SQL does. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** reportSQL asks a report about the images of a namespace; image is the column that has them. */
export function reportSQL(report: string, image: string, namespace: string, repositories: string[], range: DayRange): string {
  const which = repositories.length
    ? `${image} in (${repositories.map((repo) => literal(`${namespace}/${repo}`)).join(", ")})`
    : `starts_with(${image}, ${literal(namespace + "/")})`;
  return `select *\nfrom report_${report}(${literal(stretch(range))})\nwhere ${which}`;
}

/** errorPosition is where the text of an error says that it is, as an offset in the SQL; null: it does not say. */
export function errorPosition(sql: string, detail: string): number | null {
  // DuckDB repeats the line and puts a caret under the place; long lines it cuts at both ends.
  const found = /LINE (\d+): (.*)\n( *)\^/.exec(detail);
  if (!found) return null;
  const lines = sql.split("\n");
  const line = Number(found[1]) - 1;
  if (line >= lines.length) return null;
  const shown = found[2]!.replace(/^\.\.\./, "").replace(/\.\.\.$/, "");
  const cut = found[2]!.startsWith("...") ? 3 : 0;
  const column = found[3]!.length - `LINE ${found[1]}: `.length - cut;
  const begin = Math.max(0, lines[line]!.indexOf(shown));
  const before = lines.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0);
  return before + Math.min(lines[line]!.length, Math.max(0, begin + column));
}
