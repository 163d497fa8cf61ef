import { useEffect, useState } from "preact/hooks";
import { get, segment } from "../api/client";
import type { Me, PublishedReport, PublishedReports, ReportDescription } from "../api/types";
import { CopyLink } from "../components/CopyLink";
import { DataTable } from "../components/DataTable";
import { NamespaceSelect, Select } from "../components/fields";
import { LoadingView } from "../components/Loading";
import { Notice } from "../components/Notice";
import { count, size } from "../lib/format";
import { address, navigate, root } from "../state/location";
import { useLoad } from "../state/load";
import type { ReportsParams } from "../state/params";
import { formatReports, parseReports } from "../state/params";
import { namespaceChoices } from "../state/session";

const path = root + "reports";
// How many reports are listed at a time.
const pageSize = 60;

/** Reports lists what is published, the newest period first. */
export function Reports({ who }: { who: Me }) {
  const p = parseReports(address.value.searchParams, who.namespaces[0] ?? namespaceChoices(who)[0] ?? "");
  const whole = path + formatReports(p);
  useEffect(() => navigate(whole, { replace: true }), [whole]);
  const set = (changed: Partial<ReportsParams>) => navigate(path + formatReports({ ...p, ...changed }));
  const kinds = useLoad("reports", (signal) => get<{ reports: ReportDescription[] }>("/reports", {}, signal));
  const names = new Set([...(kinds.data?.reports.map(({ name }) => name) ?? []), "workbook", ...(p.report ? [p.report] : [])]);
  const visible = who.namespaces.includes(p.ns);
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Reports</h1>
        <CopyLink />
      </div>
      <form class="controls" aria-label="What is shown" onSubmit={(event) => event.preventDefault()}>
        <NamespaceSelect value={p.ns} onChange={(ns) => set({ ns })} />
        <Select label="Report" value={p.report} choices={[{ value: "", title: "all reports" }, ...[...names].map((name) => ({ value: name, title: name }))]} onChange={(report) => set({ report })} />
        <Select
          label="Periods"
          value={p.timespan}
          choices={[
            { value: "", title: "weeks and months" },
            { value: "weeks", title: "weeks" },
            { value: "months", title: "months" },
          ]}
          onChange={(timespan) => set({ timespan })}
        />
      </form>
      {visible ? (
        <List p={p} key={whole} />
      ) : (
        <Notice>
          <p>Reports are of whole namespaces, which you may not see{p.ns ? ` of ${p.ns}` : ""}. Choose another namespace, or ask an administrator for access.</p>
        </Notice>
      )}
    </>
  );
}

function List({ p }: { p: ReportsParams }) {
  const [cursors, setCursors] = useState<string[]>([]);
  const last = cursors.at(-1);
  const [before, setBefore] = useState<PublishedReport[]>([]);
  const loaded = useLoad(JSON.stringify([p, last ?? ""]), (signal) =>
    get<PublishedReports>(`/namespaces/${segment(p.ns)}/reports`, { report: p.report || undefined, timespan: p.timespan || undefined, limit: pageSize, cursor: last }, signal),
  );
  const more = (page: PublishedReports) => {
    setBefore([...before, ...page.reports]);
    setCursors([...cursors, page.next!]);
  };
  return (
    <LoadingView loaded={loaded} what="list of reports">
      {(page) => {
        const all = loaded.loading ? before : [...before, ...page.reports];
        return (
          <>
            {periodsOf(all).map(({ first, reports }) => (
              <Period key={first.timespan + first.start} first={first} reports={reports} />
            ))}
            {all.length === 0 && !loaded.loading && (
              <Notice>
                <p>Nothing is published with this choice yet. Weeks and months are published by the first run after they are over; engine run --include-open publishes running ones, too.</p>
              </Notice>
            )}
            {page.next && (
              <p>
                <button type="button" disabled={loaded.loading} onClick={() => more(page)}>
                  Load more
                </button>
              </p>
            )}
          </>
        );
      }}
    </LoadingView>
  );
}

function Period({ first, reports }: { first: PublishedReport; reports: PublishedReport[] }) {
  const title = `${first.timespan === "weeks" ? "Week" : "Month"} ${first.period}`;
  return (
    <section class="panel" aria-label={title}>
      <div class="panel-head">
        <h2>
          {title} {first.open && <em class="badge">open</em>}
        </h2>
        <span class="hint">
          {first.start} to {first.end} · revision {first.revision}
          {first.open && " · not over yet, so its numbers grow"}
        </span>
      </div>
      <DataTable
        caption={`Reports of ${title}`}
        hideCaption
        rows={reports}
        columns={[
          {
            title: "Report",
            heading: true,
            cell: (report) => (
              <>
                {report.report}
                {report.title !== report.report && <span class="hint">{report.title}</span>}
              </>
            ),
          },
          { title: "Rows", numeric: true, cell: (report) => count(report.rows) },
          { title: "Left out", numeric: true, cell: (report) => (report.suppressedRows ? <span title="rows with too few users">{count(report.suppressedRows)}</span> : "0") },
          {
            title: "Files",
            cell: (report) => (
              <ul class="files">
                {report.files.map((file) => (
                  <li key={file.name}>
                    <a href={file.url} download={file.name} title={`${file.name}, SHA-256 ${file.sha256}`}>
                      {file.format.toUpperCase()} {/\.gz$/.test(file.name) && "packed "}
                      <span class="visually-hidden">
                        of {report.report}, {title},{" "}
                      </span>
                      ({size(file.size)})
                    </a>
                  </li>
                ))}
              </ul>
            ),
          },
        ]}
      />
    </section>
  );
}

/** periodsOf puts the reports of each period together, in the order in which they come. */
function periodsOf(reports: PublishedReport[]): { first: PublishedReport; reports: PublishedReport[] }[] {
  const periods: { first: PublishedReport; reports: PublishedReport[] }[] = [];
  for (const report of reports) {
    const last = periods.at(-1);
    if (last && last.first.period === report.period) last.reports.push(report);
    else periods.push({ first: report, reports: [report] });
  }
  return periods;
}
