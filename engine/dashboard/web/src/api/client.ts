// Asks the data API, on the host that the page is from, with the session's cookie.

export const base = "/api/publisher/analytics/v1";

/** ApiError is an answer that is none, in words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
    /** what goes with the code of a second factor */
    readonly secondFactor = "",
  ) {
    super(detail);
  }
}

export type Params = Record<string, string | number | boolean | readonly string[] | undefined>;

/** search writes parameters as a query string with ?, those with several values repeated; empty: there are none. */
export function search(params: Params): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (Array.isArray(value)) {
      for (const one of value) query.append(name, one);
    } else if (value !== undefined) {
      query.append(name, String(value));
    }
  }
  const text = query.toString();
  return text && "?" + text;
}

/** segment writes a name as one part of a path. */
export function segment(name: string): string {
  return encodeURIComponent(name);
}

/** get asks for JSON below the base of the API. What is urgent comes before what waits. */
export async function get<T>(path: string, params: Params, signal?: AbortSignal, urgent = false): Promise<T> {
  const done = await turn(signal, urgent);
  try {
    const response = await send("GET", base + path + search(params), undefined, signal);
    return (await response.json()) as T;
  } finally {
    done();
  }
}

/** send sends JSON to a path of this host, and answers errors as ApiError. */
export async function send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body), credentials: "same-origin", signal: signal ?? null });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "the server cannot be reached; see that it runs and that you are connected");
  }
  if (!response.ok) throw await problem(response);
  return response;
}

async function problem(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  try {
    const told = JSON.parse(text) as { detail?: unknown; login_2fa_token?: unknown };
    if (typeof told.detail === "string") {
      return new ApiError(response.status, told.detail, typeof told.login_2fa_token === "string" ? told.login_2fa_token : "");
    }
  } catch {
    // Not by the server itself, but by what is before it.
  }
  return new ApiError(response.status, `the server answered with status ${response.status}`);
}

// At most so many questions are asked at once, so that the first are answered first.
const atOnce = 3;
let running = 0;
const waiting: (() => void)[] = [];

async function turn(signal: AbortSignal | undefined, urgent: boolean): Promise<() => void> {
  if (running >= atOnce) await new Promise<void>((resolve) => (urgent ? waiting.unshift(resolve) : waiting.push(resolve)));
  else running++;
  const done = () => {
    const next = waiting.shift();
    if (next) next();
    else running--;
  };
  if (signal?.aborted) {
    done();
    throw signal.reason;
  }
  return done;
}
