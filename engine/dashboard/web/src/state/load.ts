// Loads what a part of the page shows, again when what it shows changes.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api/client";
import { sessionEnded } from "./session";

export interface Loaded<T> {
  /** the newest answer, which stays until the next one is here */
  data: T | undefined;
  error: Error | undefined;
  loading: boolean;
  retry: () => void;
}

/** useLoad loads for a key, which names everything that the answer depends on; null: nothing yet. */
export function useLoad<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ data?: T; error?: Error; loading: boolean; key: string | null }>({ loading: key !== null, key });
  const [attempt, setAttempt] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (key === null) return;
    const abort = new AbortController();
    setState(({ data }) => ({ ...(data === undefined ? {} : { data }), loading: true, key }));
    latest.current(abort.signal).then(
      (data) => abort.signal.aborted || setState({ data, loading: false, key }),
      (error: Error) => {
        if (abort.signal.aborted) return;
        if (error instanceof ApiError && error.status === 401) sessionEnded();
        setState({ error, loading: false, key });
      },
    );
    return () => abort.abort();
  }, [key, attempt]);
  const retry = useCallback(() => setAttempt((n) => n + 1), []);
  // What is not asked for yet will be when this is painted.
  return { data: state.data, error: state.error, loading: state.loading || state.key !== key, retry };
}
