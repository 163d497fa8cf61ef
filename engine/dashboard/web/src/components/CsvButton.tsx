import type { Cell } from "../lib/csv";
import { fileName, toCSV } from "../lib/csv";
import { download } from "../lib/download";

interface Props {
  /** parts of the name of the file */
  name: string[];
  header: string[];
  rows: Cell[][];
}

/** CsvButton saves a table. */
export function CsvButton({ name, header, rows }: Props) {
  return (
    <button type="button" class="quiet" aria-label={`CSV: ${name.join(" ")}`} onClick={() => download(fileName("csv", ...name), "text/csv;charset=utf-8", toCSV(header, rows))}>
      CSV
    </button>
  );
}
