// Signing in, the log, looking a purchase up, and what is switched off.

import { h, type Child } from "../../shared/dom";
import { language, ofBoth, say } from "../../shared/fluent";
import type { LogEntry, Purchase, Suspension } from "../figures";
import { whyNot } from "../rights";
import { remembered, state } from "../state";
import { count, dateTime, named, won } from "../words";
import { act, bad, figures, head, nothing, table } from "./parts";

export function signIn(): Child[] {
  return [
    h("h1", null, say("title-sign-in")),
    state.signedOut ? h("p", { class: "notice warn", role: "status" }, say(state.signedOut)) : null,
    h(
      "form",
      { class: "card narrow", "data-form": "sign-in", novalidate: true },
      h("p", null, say("sign-in-how")),
      h(
        "p",
        null,
        h("label", { for: "token" }, say("field-token")),
        h("textarea", {
          id: "token",
          name: "token",
          rows: 4,
          autocomplete: "off",
          spellcheck: "false",
          autocapitalize: "off",
        }),
      ),
      state.problem ? bad(state.problem.code, state.problem.text) : null,
      h("button", { type: "submit", "data-do": "sign-in", class: "primary" }, say("do-sign-in")),
    ),
  ];
}

/** A link came with somebody's token: nothing is kept of it before one tap. */
export function enter(): Child[] {
  const { entering } = state;
  if (!entering) return [];
  const staff = state.staff ?? remembered();
  return [
    h("h1", null, say("title-enter")),
    h(
      "section",
      { class: "card narrow" },
      h("p", { class: "notice warn" }, say("enter-why")),
      figures([
        ["actor", say("enter-name"), entering.actor],
        ["role", say("enter-role"), say(`role-${entering.role}`)],
      ]),
      staff ? h("p", null, say("enter-other", { name: staff.actor })) : null,
      h(
        "div",
        { class: "row" },
        h("button", { type: "button", class: "primary", "data-do": "enter" }, say("do-enter")),
        h("button", { type: "button", "data-do": "enter-not" }, say("do-enter-not")),
      ),
    ),
  ];
}

export function log(): Child[] {
  const heads = ["at", "who", "what", "target", "reason"].map((it) => head(say(`head-log-${it}`)));
  const entries = state.log?.entries ?? [];
  return [
    h("h1", null, say("title-log")),
    h("p", { class: "soft" }, say("log-how")),
    state.problem ? bad(state.problem.code, state.problem.text) : null,
    entries.length > 0
      ? table(say("title-log"), heads, entries.map(logged))
      : nothing(state.isBusy ? "loading" : "no-entries"),
    state.log?.next_cursor
      ? h(
          "div",
          { class: "row" },
          h("button", { type: "button", "data-do": "more", "aria-disabled": state.isBusy ? "true" : null }, say("do-more")),
        )
      : null,
  ];
}

function logged(entry: LogEntry): Child {
  return h(
    "tr",
    { "data-key": `${entry.at}-${entry.seq}-${entry.target}` },
    h("td", { class: "number" }, dateTime(entry.at)),
    h("th", { scope: "row" }, entry.actor, h("br"), h("small", null, named("role", entry.role))),
    h("td", null, named("logged", entry.action)),
    h("td", null, entry.target),
    h("td", null, entry.reason),
  );
}

export function purchase(): Child[] {
  const against = whyNot("look-up");
  return [
    h("h1", null, say("title-purchase")),
    h("p", { class: "soft" }, say("purchase-how")),
    h(
      "form",
      { class: "card narrow", "data-form": "look-up", novalidate: true },
      h(
        "p",
        null,
        h("label", { for: "purchase" }, say("field-purchase")),
        h("input", { id: "purchase", name: "id", autocomplete: "off", spellcheck: "false" }),
      ),
      h(
        "p",
        null,
        h("label", { for: "look-reason" }, say("field-reason")),
        h("input", { id: "look-reason", name: "reason", maxlength: 500, autocomplete: "off" }),
      ),
      state.problem ? bad(state.problem.code, state.problem.text) : null,
      h(
        "button",
        {
          type: "submit",
          "data-do": "look-up",
          "aria-disabled": against || state.isBusy ? "true" : null,
          "aria-describedby": against ? "why-look-up" : null,
        },
        say("do-look-up"),
      ),
      against ? h("p", { class: "soft", id: "why-look-up" }, against) : null,
    ),
    state.purchase ? found(state.purchase) : null,
  ];
}

function found(it: Purchase): Child {
  return h(
    "section",
    { class: "card", role: "status", "data-key": "found" },
    h("h2", null, named("purchase", it.state)),
    figures([
      ["id", say("figure-id"), it.id],
      ["round_id", say("head-round"), it.round_id],
      ["window_id", say("head-window"), it.window_id],
      ["amount_won", say("figure-amount"), won(it.amount_won)],
      ["price_won", say("figure-price"), won(it.price_won)],
      ["subsidy_won", say("figure-subsidy"), won(it.subsidy_won)],
      ["month", say("figure-month"), it.month],
      ["channel", say("figure-channel"), it.channel],
      ["number", say("figure-number"), `${it.class ?? ""} ${count(it.number)}`.trim()],
      ["created_at", say("figure-created"), dateTime(it.created_at)],
      ["voucher_id", say("figure-voucher"), it.voucher_id ?? say("none")],
      ["left_after_won", say("figure-left-after"), won(it.left_after_won)],
    ]),
  );
}

export function suspensions(): Child[] {
  const all = state.suspensions?.suspensions;
  const heads = ["feature", "when", "condition", "message", "lift"].map((it) => head(say(`head-${it}`)));
  return [
    h("h1", null, say("title-suspensions")),
    h("p", { class: "soft" }, say("suspensions-how")),
    state.problem ? bad(state.problem.code, state.problem.text) : null,
    h("div", { class: "row" }, act("suspend", say("do-suspend"))),
    all == null
      ? nothing("loading")
      : all.length === 0
        ? nothing("no-suspensions")
        : table(say("title-suspensions"), heads, all.map(suspended)),
  ];
}

function suspended(one: Suspension, index: number): Child {
  const isNow = Date.parse(one.from ?? one.until) <= Date.now();
  return h(
    "tr",
    { "data-key": `${one.feature}-${one.from}-${one.program_id}` },
    h("th", { scope: "row" }, named("feature", one.feature)),
    h(
      "td",
      null,
      say("from-to", { from: dateTime(one.from ?? null), to: dateTime(one.until) }),
      h("br"),
      h("small", null, say(isNow ? "is-in-force" : "is-ahead")),
    ),
    h(
      "td",
      null,
      one.when_waiting_over == null ? say("always") : say("when-over", { count: one.when_waiting_over }),
      one.program_id ? ` / ${one.program_id}` : "",
    ),
    h(
      "td",
      null,
      ofBoth(one.message),
      h("br"),
      h("small", { lang: language === "ko" ? "en" : "ko" }, language === "ko" ? one.message.en : one.message.ko),
    ),
    h("td", null, act("lift", say("do-lift"), { data: { index } })),
  );
}
