// What the console knows, in one place. Everything on the page follows from it.

import { claimsOf, expiryOf, ofTab } from "../shared/storage";
import type { House, Log, Purchase, Round, Suspensions } from "./figures";
import { History } from "./history";

export type View = "sign_in" | "enter" | "rounds" | "round" | "log" | "purchase" | "suspensions";
export type Role = "viewer" | "operator" | "approver";
export type Connection = "ok" | "stale" | "away";

/** Under which the staff token is kept, for this tab. */
const KEY = "openrun.staff";
/** Without an event for this long the figures are old, and then the server counts as away. */
const STALE_MS = 3_000;
const AWAY_MS = 8_000;

export interface Staff {
  token: string;
  actor: string;
  role: Role;
  expiresAt: number | null;
}

export const state = {
  staff: null as Staff | null,
  /** Whom a link would sign in, once they say so. */
  entering: null as Staff | null,
  /** Why nobody is signed in any more: the key of a text. */
  signedOut: null as string | null,
  view: "sign_in" as View,
  roundId: null as string | null,
  house: null as House | null,
  round: null as Round | null,
  isRoundMissing: false,
  history: new History(),
  log: null as Log | null,
  purchase: null as Purchase | null,
  suspensions: null as Suspensions | null,
  /** What went wrong in the view: a title and a detail from the server. */
  problem: null as { code: string; text: string } | null,
  isBusy: false,
  heardAt: null as number | null,
  lostAt: null as number | null,
};

/** What a token says of its holder; null for what is no token of staff. */
export function staffOf(token: string): Staff | null {
  const claims = claimsOf(token.trim());
  const actor = claims?.["sub"];
  const role = claims?.["role"];
  if (typeof actor !== "string") return null;
  if (role !== "viewer" && role !== "operator" && role !== "approver") return null;
  return { token: token.trim(), actor, role, expiresAt: expiryOf(token) };
}

/** Whether a token is of who is known here: a newer one makes nobody somebody else. */
export const isSame = (known: Staff | null, staff: Staff): boolean =>
  known?.actor === staff.actor && known.role === staff.role;

export function remember(staff: Staff | null): void {
  if (staff) ofTab.set(KEY, staff.token);
  else ofTab.remove(KEY);
}

export function remembered(): Staff | null {
  const token = ofTab.get(KEY);
  const staff = token == null ? null : staffOf(token);
  return staff && (staff.expiresAt ?? Infinity) > Date.now() ? staff : null;
}

/** How fresh the figures are, by this machine's clock. */
export function connection(now = Date.now()): Connection {
  if (state.heardAt == null) return state.lostAt == null ? "ok" : "away";
  const age = now - state.heardAt;
  if (state.lostAt != null && age > STALE_MS) return "away";
  return age > AWAY_MS ? "away" : age > STALE_MS ? "stale" : "ok";
}
