import type { ComponentChildren } from "preact";
import type { DayRange } from "../lib/period";

/** EmptyRange says that a range has no data, and leads to one that has; without show we are there. */
export function EmptyRange({ lastDay, newest, show }: { lastDay: string; newest: DayRange; show: (() => void) | undefined }) {
  if (!lastDay) {
    return (
      <Notice>
        <p>
          Nothing is stored yet. Load logs with <code>engine run --input</code>, and open this page again.
        </p>
      </Notice>
    );
  }
  return (
    <Notice>
      <p>
        Nothing was pulled in this range with this choice. The newest data are of {lastDay}.{!show && " Choose something else above."}
      </p>
      {show && (
        <button type="button" onClick={show}>
          Show {newest.from} to {newest.to}
        </button>
      )}
    </Notice>
  );
}

export function Notice({ children }: { children: ComponentChildren }) {
  return <div class="notice">{children}</div>;
}
