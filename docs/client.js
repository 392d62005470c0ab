// What a channel app does with the watermark document: see docs/client.md. No library is needed.

// Place, estimate, outlook and the next look of a number, from the document alone: ten lines.
export function place(document, name, number) {
  const line = document.lines.find((it) => it.class === name), poll = document.poll;
  if (number == null) return drawn(document, line);
  const vacant = line.vacant.map(([from, to]) => Math.min(to, number - 1) - Math.max(from - 1, line.watermark));
  const ahead = Math.max(0, number - 1 - line.watermark - vacant.reduce((sum, it) => sum + Math.max(0, it), 0));
  const state = line.state === "waiting" && number <= line.watermark ? "admitted" : line.state;
  const outlook = /sold_out|closed/.test(state) ? "no" : number <= line.likely_to ? "likely" : number <= line.possible_to ? "possible" : "unlikely";
  const seconds = (speed) => (Math.floor((ahead * line.present_percent) / 100) + 1) / speed, { p10, p50, p90 } = line.speed_per_s ?? {};
  const eta = state !== "waiting" || !p50 || number > line.possible_to ? null : { p10_s: seconds(p90), p50_s: seconds(p50), p90_s: p10 ? seconds(p10) : 2 * seconds(p50) };
  const soonest = state === "lobby" ? (Date.parse(line.opens_at) - Date.parse(document.at)) / 1000 : Math.min(eta?.p10_s ?? Infinity, line.stock_ends_in_s?.p10 ?? Infinity);
  const after = { lobby: Math.max(soonest * 10 * poll.share_of_wait_percent, poll.lobby_ms), admitted: 0, standby: Math.min(ahead * 100, poll.still_ms), waiting: soonest < Infinity ? soonest * 10 * poll.share_of_wait_percent : poll.still_ms }[state] ?? Infinity;
  return { state, ahead, eta, outlook, poll_after_ms: Math.min(Math.max(after, poll.least_ms), poll.most_ms) };
}

// Who stands in a lobby that is drawn has no number: the same for all who are there.
function drawn(document, line) {
  const { outlook } = document.lobbies.find((it) => it.class === line.class), poll = document.poll;
  const state = line.state === "waiting" ? "lobby" : line.state;
  const opens_in_ms = Date.parse(line.opens_at) - Date.parse(document.at);
  const after = state === "lobby" ? Math.max((opens_in_ms * poll.share_of_wait_percent) / 100, poll.lobby_ms) : poll.most_ms;
  return { state, ahead: 0, eta: null, outlook, poll_after_ms: Math.min(Math.max(after, poll.least_ms), poll.most_ms) };
}

// The text of a document as an object, if it is genuine, of this round, not old and not rolled back.
// `keys` is /.well-known/jwks.json, `last` the document that was read before, if any.
export async function read(text, round, keys, last, now = Date.now()) {
  const document = JSON.parse(text), signed = text.slice(0, text.lastIndexOf(',"signature":'));
  const found = keys.keys.find((key) => key.kid === document.signature.kid);
  if (!found) throw new Error("an unknown key: read the keys again");
  const key = await crypto.subtle.importKey("raw", bytes(found.x), "Ed25519", false, ["verify"]);
  const genuine = await crypto.subtle.verify("Ed25519", key, bytes(document.signature.ed25519), new TextEncoder().encode(signed));
  if (!genuine || document.document !== "openrun/watermark/v1" || document.round_id !== round) throw new Error("not genuine");
  if (now - Date.parse(document.at) > 600_000) throw new Error("older than ten minutes");
  const back = last && (document.epoch < last.epoch || (document.epoch === last.epoch && document.serial < last.serial));
  if (back) throw new Error("rolled back");
  return document;
}

// When to look again, in milliseconds: everybody strays, so that a crowd does not come as one.
export const stray = (after_ms, poll) => after_ms * (1 + ((Math.random() * 2 - 1) * poll.jitter_percent) / 100);

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (it) => it.charCodeAt(0));
