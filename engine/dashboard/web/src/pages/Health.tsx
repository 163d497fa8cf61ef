import { get } from "../api/client";
import type { Gaps, PeriodStatus, Rejects, RunSummary, Status } from "../api/health";
import { Card } from "../components/Card";
import { DataTable } from "../components/DataTable";
import { LoadingView } from "../components/Loading";
import { periodTitle } from "../lib/chart";
import { count, plural, size, time } from "../lib/format";
import { useLoad } from "../state/load";

/** Health tells administrators whether all is in order. */
export function Health() {
  const status = useLoad("status", (signal) => get<Status>("/status", {}, signal));
  const runs = useLoad("runs", (signal) => get<RunSummary[]>("/runs", {}, signal));
  const rejects = useLoad("rejects", (signal) => get<Rejects>("/rejects", {}, signal));
  const gaps = useLoad("gaps", (signal) => get<Gaps>("/gaps", {}, signal));
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>Health</h1>
      </div>
      <LoadingView loaded={status} what="state of the data">
        {(data) => <State status={data} />}
      </LoadingView>
      <div class="cards">
        <Card title="Runs" wide>
          <LoadingView loaded={runs} what="runs">
            {(data) => <Runs runs={data} />}
          </LoadingView>
        </Card>
        <Card title="Rejected lines" wide>
          <LoadingView loaded={rejects} what="rejected lines">
            {(data) => <Rejected rejects={data} />}
          </LoadingView>
        </Card>
        <Card title="Gaps" note="Days without requests, and days with less than a tenth of what is usual on their weekday.">
          <LoadingView loaded={gaps} what="gaps">
            {(data) => <GapList gaps={data} />}
          </LoadingView>
        </Card>
        <Card title="Weeks and months">
          <LoadingView loaded={status} what="periods">
            {(data) => <Periods periods={data.periods} due={data.periods_due} />}
          </LoadingView>
        </Card>
      </div>
    </>
  );
}

function State({ status }: { status: Status }) {
  const { lake, worker, last_attempt: attempt } = status;
  return (
    <section class={status.in_order ? "panel good" : "panel bad"} aria-label="State">
      <h2>{status.in_order ? "In order" : "Not in order"}</h2>
      {status.problems.length > 0 && (
        <ul>
          {status.problems.map((problem) => (
            <li key={problem.text}>{problem.text}</li>
          ))}
        </ul>
      )}
      <dl class="facts">
        <Fact name="Checked" value={time(status.checked_at)} />
        <Fact name="At work now" value={status.at_work ? `${status.at_work.command}, since ${time(status.at_work.since)}` : "nobody"} />
        <Fact name="Worker" value={worker ? `${worker.state}, ${worker.schedule}${worker.next_due ? `, next at ${time(worker.next_due)}` : ""}` : "none"} />
        <Fact name="Last run" value={attempt ? `${attempt.error ? "failed" : "ended well"} at ${time(attempt.ended_at)}` : "none is known"} />
        <Fact name="Last good run" value={status.last_good_run ? `${status.last_good_run}, ${time(status.last_good_at)}` : "none"} />
        <Fact name="Stored" value={lake.days ? `${plural(lake.days, "day")}, ${lake.first_day} to ${lake.last_day}, ${size(lake.bytes)}` : "nothing yet"} />
        <Fact name="Requests" value={`${count(lake.requests)}, which are ${count(lake.actions)} actions`} />
        {lake.horizon && <Fact name="Kept from" value={lake.horizon} />}
        <Fact name="Read" value={`${plural(status.inputs.records, "line")} of ${plural(status.inputs.files, "file")}: ${count(status.inputs.accepted)} accepted, ${count(status.inputs.ignored)} ignored, ${count(status.inputs.duplicates)} duplicates, ${count(status.inputs.rejected)} rejected`} />
        <Fact
          name="Check"
          value={status.problems.some(({ kind }) => kind === "run_failed") ? "the last run failed; see above" : "a run stores days only when the second classifier agrees on every row"}
        />
      </dl>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Runs({ runs }: { runs: RunSummary[] }) {
  return (
    <DataTable
      caption="Runs, the newest first"
      hideCaption
      rows={runs}
      rowClass={(run) => (run.error ? "failed" : undefined)}
      empty="There are no runs yet. Load logs with engine run --input."
      columns={[
        { title: "Run", heading: true, whole: true, cell: (run) => run.run },
        { title: "Started", whole: true, cell: (run) => time(run.started_at) },
        { title: "Seconds", numeric: true, cell: (run) => run.seconds.toFixed(1) },
        { title: "Files", numeric: true, cell: (run) => count(run.files) },
        { title: "Accepted", numeric: true, cell: (run) => count(run.accepted) },
        { title: "Rejected", numeric: true, cell: (run) => count(run.rejected) },
        { title: "Days", numeric: true, cell: (run) => count(run.days) },
        { title: "Published", numeric: true, cell: (run) => count(run.published) },
        { title: "Result", text: true, cell: (run) => resultOf(run) },
      ]}
    />
  );
}

function resultOf(run: RunSummary): string {
  if (run.error) return `failed: ${run.error}`;
  const notes = [run.days > 0 && "checked, no differences", run.pruned > 0 && `${plural(run.pruned, "request")} pruned`, run.recovered && "interrupted, completed later"];
  return notes.filter(Boolean).join("; ") || "nothing to do";
}

function Rejected({ rejects }: { rejects: Rejects }) {
  return (
    <>
      <DataTable
        caption="Rejected lines by reason"
        hideCaption
        rows={rejects.reasons}
        empty="Nothing was rejected: all lines could be read."
        columns={[
          { title: "Reason", heading: true, cell: (row) => row.reason },
          { title: "Lines", numeric: true, cell: (row) => count(row.rejected) },
          { title: "Meaning", text: true, cell: (row) => row.meaning },
          { title: "What to do", text: true, cell: (row) => row.advice },
        ]}
      />
      {rejects.counts.length > 0 && (
        <details class="more">
          <summary>By run and file</summary>
          <DataTable
            caption="Rejected lines by run and file"
            hideCaption
            rows={rejects.counts}
            columns={[
              { title: "Run", heading: true, cell: (row) => row.run },
              { title: "File", cell: (row) => row.file },
              { title: "Reason", cell: (row) => row.reason },
              { title: "Lines", numeric: true, cell: (row) => count(row.rejected) },
              { title: "", cell: (row) => (row.expired ? "lines removed" : "") },
            ]}
          />
        </details>
      )}
      {rejects.total > 0 && <p class="hint">The lines themselves hold addresses: engine rejects shows them on the server.</p>}
    </>
  );
}

function GapList({ gaps }: { gaps: Gaps }) {
  return (
    <>
      <DataTable
        caption="Days without requests"
        rows={gaps.gaps}
        empty="No gaps: every day between the first and the last has requests."
        columns={[
          { title: "Days", heading: true, cell: (gap) => periodTitle({ start: gap.from, end: gap.to }) },
          { title: "How many", numeric: true, cell: (gap) => count(gap.days) },
          { title: "Requests the day before", numeric: true, cell: (gap) => count(gap.before.requests) },
          { title: "Requests the day after", numeric: true, cell: (gap) => count(gap.after.requests) },
        ]}
      />
      {gaps.low_days.length > 0 && (
        <DataTable
          caption="Days with few requests"
          rows={gaps.low_days}
          columns={[
            { title: "Day", heading: true, cell: (day) => `${day.day}, ${day.weekday}` },
            { title: "Requests", numeric: true, cell: (day) => count(day.requests) },
            { title: "Usual on this weekday", numeric: true, cell: (day) => count(day.median) },
          ]}
        />
      )}
      {gaps.horizon && <p class="hint">Requests before {gaps.horizon} were pruned.</p>}
    </>
  );
}

function Periods({ periods, due }: { periods: PeriodStatus[]; due: number }) {
  return (
    <>
      <p class="hint">{due > 0 ? `The next run publishes ${plural(due, "period")}.` : "Nothing is due."}</p>
      <DataTable
        caption="Weeks and months, the newest first"
        hideCaption
        rows={[...periods].reverse()}
        empty="There are no weeks and months with data yet."
        columns={[
          { title: "Period", heading: true, cell: (period) => period.period },
          { title: "State", cell: (period) => period.state + (period.because ? `: ${period.because.replaceAll("_", " ")}` : "") },
          { title: "Days", numeric: true, cell: (period) => count(period.days) },
          { title: "Revision", numeric: true, cell: (period) => (period.publishers ? count(period.revision) : "") },
          { title: "Published", whole: true, cell: (period) => time(period.published_at) },
        ]}
      />
    </>
  );
}
