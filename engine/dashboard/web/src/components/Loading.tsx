import type { ComponentChildren } from "preact";
import type { Loaded } from "../state/load";

/** LoadingView shows what was loaded, why it was not, or that it will be; it keeps its height meanwhile. */
export function LoadingView<T>({ loaded, what, children }: { loaded: Loaded<T>; what: string; children: (data: T) => ComponentChildren }) {
  return (
    <div class="loading-view" aria-busy={loaded.loading}>
      {loaded.error ? (
        <Problem error={loaded.error} what={what} retry={loaded.retry} />
      ) : loaded.data === undefined ? (
        <p class="waiting">Loading {what} …</p>
      ) : (
        <div class={loaded.loading ? "old" : undefined}>{children(loaded.data)}</div>
      )}
    </div>
  );
}

export function Problem({ error, what, retry }: { error: Error; what: string; retry: () => void }) {
  return (
    <div class="problem" role="alert">
      <p>
        The {what} could not be loaded: {error.message}.
      </p>
      <button type="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}
