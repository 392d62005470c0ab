// Views before the turn: a round, its lobby, the line, stand-by.

import { h, type Child } from "../shared/dom";
import { say } from "../shared/fluent";
import { count, moment, percent, range, won } from "../shared/format";
import * as parts from "./parts";
import { inWords } from "./refusals";
import { aheadOf, canJoin, lineOf, opensAt, progressOf, type State } from "./state";

/** A round before joining. */
export function round(state: State, now: number): Child[] {
  const { round: sale } = state;
  if (!sale) return [h("p", { class: "soft" }, say("loading"))];
  const stage = state.document?.state ?? sale.state;
  return [
    parts.card(
      "round",
      h("div", { class: "row" }, parts.badge((stage as typeof sale.state) ?? sale.state)),
      parts.headline(titleOf(state, now)),
      ownWindow(state, now),
      clockOf(state, now),
      joining(state, now),
      trouble(state, now),
      parts.age(state, now),
    ),
    windows(state, now),
    rules(state),
  ];
}

function titleOf(state: State, now: number): string {
  const stage = state.document?.state ?? state.round?.state;
  const waiting = state.document?.lines.reduce((sum, line) => sum + line.waiting, 0);
  if (state.place?.state === "ineligible_now") return say("round-own-title");
  if (stage === "draft") return say("round-draft");
  if (stage === "paused") return say("round-paused");
  const opens = opensAt(state);
  if (stage === "open" && !(opens && Date.parse(opens) > now)) {
    return waiting == null ? say("round-open-now") : say("round-waiting-now", { waiting });
  }
  return opens ? say("round-opens", { at: moment(opens, now) }) : say("round-open-now");
}

/** The person's own window is still ahead. */
function ownWindow(state: State, now: number): Child {
  const opens = state.place?.state === "ineligible_now" ? state.place.opens_at : null;
  if (!opens) return null;
  return h(
    "div",
    { class: "notice", "data-key": "own-window", "data-code": "ineligible-now" },
    h("p", null, say("round-own-window", { at: moment(opens, now) })),
    h("p", null, say("round-own-window-next")),
  );
}

function clockOf(state: State, now: number): Child {
  if (!state.round) return null;
  if (state.place?.opens_at) {
    return parts.runsDownTo(state.place.opens_at, say("round-countdown-own"), now);
  }
  if (!canJoin(state, now)) {
    return parts.runsDownTo(state.round.lobby_opens_at, say("round-countdown-lobby"), now);
  }
  return parts.runsDownTo(opensAt(state), say("round-countdown-open"), now);
}

function joining(state: State, now: number): Child {
  const at = state.round?.lobby_opens_at;
  if (!canJoin(state, now)) {
    return [
      at && Date.parse(at) > now && h("p", null, say("round-lobby-opens", { at: moment(at, now) })),
      signIn(state),
    ];
  }
  if (state.place?.state === "ineligible_now") return null;
  const isBusy = state.busy === "join";
  return [
    parts.primary("join", say(isBusy ? "join-busy" : "join"), isBusy),
    state.isSignedIn ? h("p", { class: "soft small" }, say("signed-in")) : signIn(state),
  ];
}

/** Where people are made up. */
function signIn(state: State): Child {
  if (state.isSignedIn || !state.isDev) return null;
  return [
    h("p", { class: "soft small" }, say("virtual-person-what")),
    parts.secondary("virtual-person", say("virtual-person")),
  ];
}

/** Why it does not go through at the moment. */
export function trouble(state: State, now: number): Child {
  if (!state.trouble) return null;
  const { title, next } = inWords(state.trouble, now);
  return h(
    "div",
    { class: "notice warn", "data-key": "trouble", "data-code": state.trouble.code },
    h("p", null, h("strong", null, title)),
    h("p", null, next),
  );
}

function windows(state: State, now: number): Child {
  const all = state.round?.windows ?? [];
  const rows = all.map((window) =>
    h(
      "li",
      { class: window.phase === "over" ? "soft" : null },
      h("strong", null, parts.who(window.eligibility)),
      h("br"),
      parts.span(window, now),
      window.stock_won > 0 && [
        h("br"),
        h("span", { class: "soft" }, say("round-window-stock", { stock: won(window.stock_won) })),
      ],
    ),
  );
  return h(
    "section",
    { class: "card", "data-key": "windows" },
    h("h2", null, say("round-windows")),
    h("ul", { class: "bare" }, rows),
  );
}

function rules(state: State): Child {
  const { program } = state;
  if (!program) return null;
  return h(
    "section",
    { class: "card", "data-key": "rules" },
    parts.figures(
      ["discount", say("round-discount"), percent(program.discount_bps)],
      ["unit", say("round-unit"), won(program.unit_won)],
      ["limit", say("round-limit"), won(program.monthly_limit_won)],
    ),
  );
}

/** Before the opening, with a place. */
export function lobby(state: State, now: number): Child[] {
  const number = state.place?.number ?? state.seen?.number ?? null;
  return [
    parts.card(
      "lobby",
      parts.headline(say("lobby-title")),
      parts.runsDownTo(opensAt(state), say("round-countdown-open"), now),
      number != null && parts.figures(["number", say("number"), count(number)]),
      h("p", null, say(number == null ? "lobby-draw" : "lobby-number")),
      outlook(state),
      parts.age(state, now),
      parts.signUpFirst(state, "sign_up-early"),
      h("p", { class: "soft" }, say("kept")),
      alertMe(state),
      leaving(state),
    ),
  ];
}

/** In line. */
export function waiting(state: State, now: number): Child[] {
  const ahead = aheadOf(state);
  const number = state.place?.number ?? state.seen?.number ?? null;
  const isPaused = state.document?.state === "paused";
  const isBack = state.place != null && (state.place.watermark ?? 0) >= (number ?? Infinity);
  return [
    parts.card(
      "waiting",
      parts.headline(say("waiting-title")),
      isPaused && h("div", { class: "notice warn" }, h("p", null, say("paused-in-line"))),
      isBack && h("p", null, say("back-in-line")),
      ahead != null && [
        h("p", { class: "soft tight" }, say("ahead")),
        parts.bigPeople("ahead", ahead),
        progress(state),
      ],
      parts.figures(
        ["eta", say("eta"), etaOf(state)],
        ["number", say("number"), number == null ? null : count(number)],
      ),
      outlook(state),
      parts.age(state, now),
      trouble(state, now),
      parts.signUpFirst(state, "sign_up-early"),
      h("p", { class: "soft" }, say("kept")),
      alertMe(state),
      leaving(state),
    ),
  ];
}

function progress(state: State): Child {
  const share = progressOf(state);
  if (share == null) return null;
  const value = Math.round(share * 1_000) / 10;
  return h("progress", { max: 100, value, "aria-label": say("progress") });
}

/** The estimate in words; why there is none, if there is none. */
export function etaOf(state: State): string {
  const eta = state.own ? state.own.eta : (state.place?.eta ?? null);
  if (eta) return range(eta.p10_s, eta.p90_s);
  const chances = outlookOf(state);
  const isMoving = lineOf(state)?.speed_per_s != null;
  if (aheadOf(state) === 0 && isMoving) return say("eta-soon");
  return say(isMoving && (chances === "unlikely" || chances === "no") ? "eta-stock" : "eta-none");
}

export const outlookOf = (state: State) => state.own?.outlook ?? state.place?.outlook ?? null;

const TONES = { likely: "good", possible: "", unlikely: "warn", no: "bad" };

/** The chances, and what to do now. */
function outlook(state: State): Child {
  const chances = outlookOf(state);
  if (!chances) return null;
  return h(
    "div",
    { class: `notice ${TONES[chances]}`.trim(), "data-figure": "outlook", "data-outlook": chances },
    h("p", null, h("strong", null, `${say("outlook")}: ${say(`outlook-${chances}`)}`)),
    h("p", null, say(`outlook-${chances}-do`)),
  );
}

/** Sound, vibration and a screen that stays on: only after a tap, as browsers ask. */
function alertMe(state: State): Child {
  const text = say(state.isLoud ? "sound-off" : "sound-on");
  return [
    h(
      "button",
      { type: "button", class: "full", "data-do": "sound", "aria-pressed": String(state.isLoud) },
      text,
    ),
    h("p", { class: "soft small center" }, say("sound-what")),
  ];
}

/** Leaving asks once. */
export function leaving(state: State): Child {
  if (state.asking !== "leave") {
    return h("div", { class: "center", "data-key": "leave" }, parts.plain("leave", say("leave")));
  }
  return h(
    "div",
    { class: "notice bad", role: "group", "aria-labelledby": "leave-title", "data-key": "leaving" },
    h("h3", { id: "leave-title", tabindex: -1 }, say("leave-title")),
    h("p", null, say("leave-text")),
    h(
      "div",
      { class: "row" },
      parts.secondary("back", say("leave-no")),
      h("button", { type: "button", class: "danger", "data-do": "confirm" }, say("leave-yes")),
    ),
  );
}

/** Nothing left for the moment. */
export function standby(state: State, now: number): Child[] {
  const chances = outlookOf(state);
  const [ahead, number] = [aheadOf(state), state.place?.number ?? null];
  return [
    parts.card(
      "standby",
      parts.headline(say("standby-title")),
      h("p", null, say("standby-text")),
      parts.figures(
        ["ahead", say("ahead"), ahead == null ? null : parts.people(ahead)],
        ["number", say("number"), number == null ? null : count(number)],
        ["outlook", say("outlook"), chances && say(`outlook-${chances}`)],
      ),
      h("p", null, say("standby-do")),
      parts.age(state, now),
      alertMe(state),
      leaving(state),
    ),
  ];
}
