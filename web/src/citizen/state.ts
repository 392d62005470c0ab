// Everything that the page of a round shows, and which view that comes to. Pure: no calls, no
// elements, so that each view can be tested from a state written down.

import type { OwnPlace, WatermarkDocument } from "../../../docs/client.js";
import type { Problem } from "../shared/api";
import type { Attempt, Seen } from "./memory";
import type { Limit, Program, Purchase, Round, Ticket } from "./types";

export type View =
  | "round"
  | "lobby"
  | "waiting"
  | "admitted"
  | "buying"
  | "paying"
  | "bought"
  | "refused"
  | "standby"
  | "sold_out"
  | "closed"
  | "lapsed"
  | "left"
  | "sign_in"
  | "sign_up";

export type Action = "join" | "leave" | "buy" | "sign-up" | "virtual-person" | "claim";

export interface State {
  isDev: boolean;
  round: Round | null;
  program: Program | null;
  limit: Limit | null;
  document: WatermarkDocument | null;
  /** What the server said of the own place last. */
  place: Ticket | null;
  /** The same worked out from a later document; null while only the server knows. */
  own: OwnPlace | null;
  seen: Seen | null;
  hasTicket: boolean;
  isSignedIn: boolean;
  /** Whether the person has signed up; null while nobody has asked. */
  isSignedUp: boolean | null;
  /** The person is asked for something before they can go on. */
  asking: "sign_in" | "sign_up" | "leave" | null;
  busy: Action | null;
  /** Why what is tried does not go through at the moment; it is tried again by itself. */
  trouble: Problem | null;
  refusal: { problem: Problem; after: Action } | null;
  amount: number | null;
  /** What was typed as another amount and cannot be bought. */
  isAmountWrong: boolean;
  /** What is wrong in the form for signing up. */
  wrong: "account" | "terms" | null;
  /** The most that the stock gives, as the last refusal said. */
  remaining: number | null;
  /** The limit could not be asked for: the server decides alone. */
  isLimitUnknown: boolean;
  attempt: Attempt | null;
  purchase: Purchase | null;
  /** What became of the place, in the server's sentence. */
  story: { ko: string; en: string } | null;
  /** How long the pass was good when it was first seen, in milliseconds. */
  passMs: number | null;
  connection: "ok" | "stale" | "away";
  /** Away because something on the way refuses. */
  isBlocked: boolean;
  /** When the server last answered: the server's time. */
  heardAt: number | null;
  isVerified: boolean | null;
  isLoud: boolean;
}

export const start = (isDev: boolean): State => ({
  isDev,
  round: null,
  program: null,
  limit: null,
  document: null,
  place: null,
  own: null,
  seen: null,
  hasTicket: false,
  isSignedIn: false,
  isSignedUp: null,
  asking: null,
  busy: null,
  trouble: null,
  refusal: null,
  amount: null,
  isAmountWrong: false,
  wrong: null,
  remaining: null,
  isLimitUnknown: false,
  attempt: null,
  purchase: null,
  story: null,
  passMs: null,
  connection: "ok",
  isBlocked: false,
  heardAt: null,
  isVerified: null,
  isLoud: false,
});

/** Whether the payment has not come to an end yet. */
export const isUnderWay = (purchase: Purchase | null): boolean =>
  purchase?.state === "held" || purchase?.state === "paying";

/** Which view a state comes to: what the person has to know first stands first. */
export function viewOf(state: State): View {
  if (state.refusal) return "refused";
  if (state.asking === "sign_in" || state.asking === "sign_up") return state.asking;
  if (state.attempt) return "paying";
  if (state.purchase) {
    return isUnderWay(state.purchase) ? "paying" : "bought";
  }
  const stage = state.place?.state;
  if (stage === "admitted")
    return state.amount != null && state.place?.pass ? "buying" : "admitted";
  if (stage && stage !== "ineligible_now") return stage;
  // The server has not answered yet, or cannot be reached: the place is kept all the same.
  if (!state.place && state.hasTicket && state.seen) {
    return state.seen.number == null ? "lobby" : "waiting";
  }
  const round = state.document?.state ?? state.round?.state;
  return round === "sold_out" || round === "closed" ? round : "round";
}

/** The line that the place stands in, as the last document has it. */
export const lineOf = (state: State) =>
  state.document?.lines.find((line) => line.class === (state.place?.class ?? state.seen?.class));

/** How many are ahead: from the document, else as the server said. */
export const aheadOf = (state: State): number | null =>
  state.own?.ahead ?? state.place?.ahead ?? null;

/** The share of the way that is done, from 0 to 1; null when nothing is known. */
export function progressOf(state: State): number | null {
  const [ahead, from] = [aheadOf(state), state.seen?.from];
  if (ahead == null || !from) return null;
  return Math.min(1, Math.max(0, 1 - ahead / from));
}

/** When the person can join or buy next: the own window, else the first that is ahead. */
export function opensAt(state: State): string | null {
  if (state.place?.opens_at) return state.place.opens_at;
  const line = lineOf(state);
  if (line && state.place) return line.opens_at;
  return state.round?.windows.find((window) => window.phase !== "over")?.opens_at ?? null;
}

/** Whether people can join: from the lobby on. `now`: the server's time. */
export function canJoin(state: State, now: number): boolean {
  const stage = state.document?.state ?? state.round?.state;
  if (stage === "lobby" || stage === "open" || stage === "paused") return true;
  const lobby = state.round?.lobby_opens_at;
  return stage === "scheduled" && lobby != null && Date.parse(lobby) <= now;
}

/** A figure is told as old from this age on, in milliseconds: several looks went by without one. */
const STALE_MS = 45_000;

export const isStale = (document: WatermarkDocument, now: number): boolean =>
  now - Date.parse(document.at) > STALE_MS;
