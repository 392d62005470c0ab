// A browser's storage, a server's answers and a token, for tests.

export function store() {
  const map = new Map();
  return {
    map,
    get: (key) => map.get(key) ?? null,
    set: (key, value) => void map.set(key, value),
    remove: (key) => void map.delete(key),
    keys: () => [...map.keys()],
  };
}

export const answer = (status, body = null, facts = {}) => ({
  status,
  ok: status >= 200 && status < 300,
  body: status >= 200 && status < 300 ? body : null,
  problem: status >= 400 ? (body ?? { code: "unavailable" }) : null,
  text: body ? JSON.stringify(body) : "",
  retryAfterMs: null,
  dateMs: null,
  isGivenUp: false,
  header: () => null,
  ...facts,
});

/** A caller that answers from a list, and keeps what was sent. */
export function caller(answers) {
  const sent = [];
  const next = async (path, call) => {
    sent.push({ path, ...call });
    return answers.length > 1 ? answers.shift() : answers[0];
  };
  return { sent, act: next, read: next, see: next };
}

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

export const token = (claims) => `${base64url({ alg: "EdDSA" })}.${base64url(claims)}.signature`;
