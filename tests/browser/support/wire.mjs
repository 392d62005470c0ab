// One call over HTTP, and its answer as it is: what the tests do beside the page.

/** Answers with `{status, headers, body}`; the body is parsed when it is JSON. */
export async function call(method, url, { token, headers = {}, json } = {}) {
  const all = { ...headers };
  if (token) all.authorization = `Bearer ${token}`;
  if (json !== undefined) all["content-type"] = "application/json";
  const body = json === undefined ? undefined : JSON.stringify(json);
  const answer = await fetch(url, { method, headers: all, body });
  const text = await answer.text();
  const isJson = /json/.test(answer.headers.get("content-type") ?? "");
  return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text };
}

/** The body of an answer that must be a yes. */
export async function allowed(method, url, options) {
  const answer = await call(method, url, options);
  if (answer.status >= 300) {
    throw new Error(`${method} ${url}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
  return answer.body;
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What takes a second is waited for so long: a machine may have thirty other things to do. */
export const WITHIN_MS = 60_000;

/** Asks until the answer is true, or throws with what was asked for. */
export async function eventually(what, question, within_ms = WITHIN_MS) {
  const end = Date.now() + within_ms;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`not within ${within_ms} ms: ${what}`);
    await pause(100);
  }
}
