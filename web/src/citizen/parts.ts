// Pieces that several views are made of.

import { h, type Child } from "../shared/dom";
import { ofBoth, say } from "../shared/fluent";
import { ago, count, countdown, moment } from "../shared/format";
import { inWords } from "./refusals";
import type { State } from "./state";
import type { Eligibility, Notice, Program, RoundState, RoundWindow } from "./types";

/** The one thing to do next. */
export const primary = (action: string, text: string, isBusy = false): HTMLElement =>
  h(
    "button",
    { type: "button", class: "primary", "data-do": action, "aria-disabled": isBusy && "true" },
    text,
  );

export const plain = (action: string, text: string): HTMLElement =>
  h("button", { type: "button", class: "plain", "data-do": action }, text);

export const secondary = (action: string, text: string): HTMLElement =>
  h("button", { type: "button", class: "second", "data-do": action }, text);

/** The head of a view: gets the focus when the person has brought the view about. */
export const headline = (text: string): HTMLElement =>
  h("h2", { id: "headline", tabindex: -1 }, text);

export const card = (key: string, ...children: Child[]): HTMLElement =>
  h("section", { class: "card", "data-key": key, "aria-labelledby": "headline" }, ...children);

/** Pairs of a name and a value; those without a value are left out. */
export function figures(...rows: (readonly [name: string, label: string, value: Child] | null)[]) {
  const shown = rows.filter((row) => row != null && row[2] != null && row[2] !== false);
  return h(
    "dl",
    { class: "figures" },
    shown.map((row) => row && [h("dt", null, row[1]), h("dd", { "data-figure": row[0] }, row[2])]),
  );
}

/** What the operator tells everybody. */
export const notices = (all: Notice[], now: number): Child =>
  all.map((notice) =>
    h(
      "div",
      { class: "notice", "data-key": `notice-${notice.id}` },
      h("p", null, ofBoth(notice.message)),
      h("p", null, h("small", null, moment(notice.at, now))),
    ),
  );

/** A clock that runs down to `at`; nothing once it is reached. */
export function runsDownTo(at: string | null, label: string, now: number): Child {
  if (!at || Date.parse(at) <= now) return null;
  return h(
    "div",
    { class: "clock", "data-key": "countdown" },
    h("p", { class: "soft tight" }, label),
    h("p", { class: "big", "data-figure": "countdown" }, countdown(Date.parse(at) - now)),
  );
}

/** How old the figures are. */
export function age(state: State, now: number): Child {
  if (!state.document) return null;
  const old = ago(now - Date.parse(state.document.at));
  return h("p", { class: "soft small", "data-figure": "age" }, say("as-of", { ago: old }));
}

/** That the server cannot be reached, or that the figures are old. Quiet while all is well. */
export function connection(state: State, now: number): Child {
  const hasPlace = state.hasTicket && state.place?.state !== "left";
  if (state.connection === "away") {
    const { heardAt } = state;
    const at = heardAt == null ? null : { at: moment(heardAt, now), ago: ago(now - heardAt) };
    const blocked = state.isBlocked ? inWords({ code: "blocked" }, now) : null;
    return h(
      "div",
      { class: "notice warn", "data-key": "away" },
      h("p", null, h("strong", null, blocked?.title ?? say("away-title"))),
      h("p", null, say(hasPlace ? "away-place" : "away-plain")),
      blocked && h("p", { "data-code": "blocked" }, blocked.next),
      at && h("p", { class: "soft" }, say("away-seen", at)),
    );
  }
  if (state.connection === "stale" && state.document) {
    const old = ago(now - Date.parse(state.document.at));
    return h(
      "div",
      { class: "notice warn", "data-key": "stale" },
      h("p", null, h("strong", null, say("stale-title"))),
      h("p", null, say("stale-text", { ago: old })),
    );
  }
  return null;
}

/** Who has to sign up before they can buy: best done while waiting. */
export const signUpFirst = (state: State, text: string): Child =>
  state.isSignedUp === false && [
    h("div", { class: "notice warn", "data-key": "sign-up-first" }, h("p", null, say(text))),
    primary("sign-up", say("sign_up-go")),
  ];

/** That something on the way refuses, and what to do about it. */
export function blocked(now: number): Child {
  const { title, next } = inWords({ code: "blocked" }, now);
  return h(
    "div",
    { class: "notice warn", "data-key": "blocked", "data-code": "blocked" },
    h("p", null, h("strong", null, title)),
    h("p", null, next),
  );
}

/** What holds the sale up, though it is open. */
export function interruption(state: State): Child {
  const message = state.document?.interruption?.message;
  return (
    message &&
    h("div", { class: "notice warn", "data-key": "held-up" }, h("p", null, ofBoth(message)))
  );
}

const TONES: Record<RoundState, string> = {
  draft: "",
  scheduled: "",
  lobby: "brand",
  open: "good",
  paused: "warn",
  sold_out: "",
  closed: "",
};

export const badge = (state: RoundState): HTMLElement =>
  h("span", { class: `badge ${TONES[state] ?? ""}`.trim() }, say(`state-${state}`));

/** Who may buy in a window. */
export function who(eligibility: Eligibility): string {
  if (eligibility === "all") return say("who-all");
  if ("birth_year" in eligibility) return say(`who-${eligibility.birth_year}`);
  if ("age" in eligibility) return say("who-age", eligibility.age);
  return say("who-district", { district: eligibility.district.join(", ") });
}

/** From when to when: the day is said once. */
export function span(window: RoundWindow, now: number): string {
  const ends = moment(window.closes_at, Date.parse(window.opens_at));
  return `${moment(window.opens_at, now)} – ${ends}`;
}

export const people = (value: number): string => say("people", { count: value });

/** People, large: `82,999` and a smaller `명`. */
export const bigPeople = (name: string, value: number): HTMLElement =>
  h(
    "p",
    { class: "big", "data-figure": name },
    count(value),
    h("small", null, say("people-unit", { count: value })),
  );

export const programName = (program: Program | null): Child =>
  program && h("p", { class: "soft over" }, ofBoth(program.name));
