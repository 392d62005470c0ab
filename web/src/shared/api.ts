// Calls to the server. Never throws: whatever happens is an answer, so that a page always has
// something to say. Does not repeat anything on its own; `backOff` says how long to wait.

/** How long an answer may take, in milliseconds. */
export const TIMEOUT_MS = 10_000;
/** The waits between attempts that failed: doubled each time, never longer than the last. */
const BACK_OFF_MS = { least: 1_000, most: 30_000 };

/** An RFC 9457 problem. */
export interface Problem {
  code: string;
  title?: string;
  detail?: string;
  /** No answer of the server: it says nothing about what the server did. */
  isForeign?: boolean;
  [fact: string]: unknown;
}

/** What became of a call. `status` 0: no answer came, and nobody knows what the server did. */
export interface Answer<T = unknown> {
  status: number;
  ok: boolean;
  /** The body, when it is JSON and no problem. */
  body: T | null;
  text: string;
  problem: Problem | null;
  /** By `Retry-After`, in milliseconds. */
  retryAfterMs: number | null;
  /** The server's time by its `Date` header, to the second. */
  dateMs: number | null;
  /** Given up by this page itself: says nothing about the server. */
  isGivenUp: boolean;
  header(name: string): string | null;
}

export interface Call {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** One call. */
export async function ask<T = unknown>(path: string, call: Call = {}): Promise<Answer<T>> {
  const headers: Record<string, string> = { accept: "application/json", ...call.headers };
  // `no-cache`: the browser asks whether its copy still stands, so that `Date` is of now.
  const init: RequestInit = { method: call.method ?? "GET", headers, credentials: "same-origin" };
  init.cache = "no-cache";
  if (call.body !== undefined) {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(call.body);
  }
  const control = new AbortController();
  init.signal = control.signal;
  call.signal?.addEventListener("abort", () => control.abort(), { once: true });
  const timer = setTimeout(() => control.abort(), call.timeoutMs ?? TIMEOUT_MS);
  try {
    const response = await fetch(path, init);
    return answerOf<T>(response, await response.text());
  } catch {
    return { ...NOTHING, isGivenUp: call.signal?.aborted ?? false };
  } finally {
    clearTimeout(timer);
  }
}

const NOTHING: Answer<never> = {
  status: 0,
  ok: false,
  body: null,
  text: "",
  problem: null,
  retryAfterMs: null,
  dateMs: null,
  isGivenUp: false,
  header: () => null,
};

function answerOf<T>(response: Response, text: string): Answer<T> {
  const kind = response.headers.get("content-type") ?? "";
  const parsed = kind.includes("json") ? parse(text) : null;
  const date = Date.parse(response.headers.get("date") ?? "");
  return {
    status: response.status,
    ok: response.ok,
    body: response.ok ? (parsed as T | null) : null,
    text,
    problem: response.ok ? null : problemOf(parsed, response.status),
    retryAfterMs: secondsOf(response.headers.get("retry-after")),
    dateMs: Number.isNaN(date) ? null : date,
    isGivenUp: false,
    header: (name) => response.headers.get(name),
  };
}

/**
 * What has no code is not the server's, but of something on the way: a proxy, a hotel's Wi-Fi. What
 * refuses for good there is `blocked`: asking again and again would only be refused again, or longer.
 */
function problemOf(parsed: unknown, status: number): Problem {
  if (typeof parsed === "object" && parsed !== null && "code" in parsed) return parsed as Problem;
  return { code: isSoon(status) ? "unavailable" : "blocked", isForeign: true };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function secondsOf(header: string | null): number | null {
  const seconds = header == null ? NaN : Number(header);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}

/** No answer, too slow, too early, too many, or trouble behind it: soon it may be otherwise. */
const isSoon = (status: number): boolean => [0, 408, 425, 429].includes(status) || status >= 500;

/** Whether nobody knows, or it may go better later: to be tried again, each time after a pause. */
export const isPassing = (answer: Answer): boolean => isSoon(answer.status);

/**
 * Whether something on the way refused, and not the server: a firewall, a hotel's Wi-Fi. It says
 * nothing about what the server did before, so whoever waits for an end keeps the key, tells the
 * person, and goes on when they say so.
 */
export const isBlocked = (answer: Answer): boolean =>
  !isPassing(answer) && answer.problem?.isForeign === true;

/** Whether the server itself says who it is that nobody is signed in. */
export const isSignedOut = (answer: Answer): boolean => answer.problem?.code === "unauthenticated";

/** How long to wait after `failures` in a row: exponential, anywhere in its upper half. */
export function backOff(
  failures: number,
  retryAfterMs: number | null,
  random = Math.random,
): number {
  const most = Math.min(BACK_OFF_MS.most, BACK_OFF_MS.least * 2 ** Math.max(0, failures - 1));
  return Math.max(retryAfterMs ?? 0, most * (0.5 + random() / 2));
}
