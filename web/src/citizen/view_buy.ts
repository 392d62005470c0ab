// Views from the turn on: amounts, confirmation, payment, result.

import { h, type Child } from "../shared/dom";
import { say } from "../shared/fluent";
import { countdown, longMoment, won } from "../shared/format";
import { choices, mostOf, priceOf, subsidyOf } from "./amounts";
import * as parts from "./parts";
import { inWords, wayOf } from "./refusals";
import type { State } from "./state";
import { leaving, trouble } from "./view_line";

/** The turn: first tap. */
export function admitted(state: State, now: number): Child[] {
  const { place } = state;
  if (!place?.pass) return [entering(state, now)];
  return [
    parts.card(
      "admitted",
      parts.headline(say("admitted-title")),
      timeLeft(state, now),
      trouble(state, now),
      state.isSignedIn ? amounts(state) : signInAgain(state),
    ),
    leaving(state),
  ];
}

function entering(state: State, now: number): HTMLElement {
  const isPaused = state.document?.state === "paused";
  return parts.card(
    "admitted",
    parts.headline(say("admitted-title")),
    !isPaused && h("p", null, say("admitted-checking")),
    isPaused && h("div", { class: "notice warn" }, h("p", null, say("paused-pass"))),
    state.trouble && [trouble(state, now), parts.secondary("again", say("again"))],
  );
}

/** How long the pass is good. */
function timeLeft(state: State, now: number): Child {
  const ends = state.place?.pass_expires_at;
  if (!ends) return null;
  if (state.document?.state === "paused") {
    return h("div", { class: "notice warn" }, h("p", null, say("paused-pass")));
  }
  const left = Date.parse(ends) - now;
  return h(
    "p",
    { class: `time ${left < 60_000 ? "warn" : ""}`.trim() },
    `${say("admitted-left")} `,
    h("strong", { class: "number", "data-figure": "left" }, countdown(left)),
  );
}

function signInAgain(state: State): Child {
  return [
    h("p", null, say("admitted-sign-in")),
    h("p", null, say("sign_in-text")),
    state.isDev && parts.secondary("virtual-person", say("virtual-person")),
  ];
}

function amounts(state: State): Child {
  const { program, limit, remaining } = state;
  if (state.isSignedUp === false) return parts.signUpFirst(state, "sign_up-now");
  if (!program || (!limit && !state.isLimitUnknown)) {
    return h("p", { class: "soft" }, say("admitted-limit-wait"));
  }
  const most = mostOf(program, limit, remaining);
  if (most < program.unit_won) {
    const code = limit && limit.allowance_won < program.unit_won ? "monthly" : "holding";
    const nothing = { class: "notice warn", "data-code": `${code}-limit-exceeded` };
    return [h("div", nothing, h("p", null, say("admitted-nothing"))), link("/me", say("to-me"))];
  }
  const buttons = choices(program.unit_won, most).map((amount) =>
    h(
      "button",
      { type: "button", "data-do": "buy", "data-won": amount, "data-key": `amount-${amount}` },
      h("strong", null, won(amount)),
      h("small", null, say("admitted-pay", { price: won(priceOf(amount, program.discount_bps)) })),
    ),
  );
  return [
    limit
      ? parts.figures(["allowance", say("allowance"), won(most)])
      : h("p", { class: "soft" }, say("admitted-limit-unknown")),
    h("p", { id: "choose" }, say("admitted-choose")),
    h("div", { class: "choices", role: "group", "aria-labelledby": "choose" }, buttons),
    other(state, program.unit_won, most),
  ];
}

function other(state: State, unit: number, most: number): Child {
  const bounds = { unit: won(unit), most: won(most) };
  const isWrong = state.isAmountWrong;
  return h(
    "details",
    { "data-key": "other" },
    h("summary", null, say("admitted-other")),
    h(
      "form",
      { "data-form": "other" },
      h("label", { for: "other" }, say("admitted-other-label", bounds)),
      h("input", {
        id: "other",
        name: "other",
        inputmode: "numeric",
        autocomplete: "off",
        "aria-invalid": isWrong && "true",
        "aria-describedby": isWrong && "other-wrong",
      }),
      isWrong && h("p", { class: "wrong", id: "other-wrong" }, say("admitted-other-wrong", bounds)),
      h(
        "button",
        { type: "submit", class: "full", "data-do": "buy", "data-typed": true },
        say("admitted-other-go"),
      ),
    ),
  );
}

/** The second tap. */
export function buying(state: State, now: number): Child[] {
  const { program, amount } = state;
  if (!program || amount == null) return [];
  const { discount_bps: bps } = program;
  const price = won(priceOf(amount, bps));
  return [
    parts.card(
      "buying",
      parts.headline(say("buying-title")),
      parts.figures(
        ["amount", say("amount"), won(amount)],
        ["discount", say("discount"), `−${won(subsidyOf(amount, bps))}`],
        ["price", say("price"), price],
      ),
      h("p", { class: "soft" }, say("from-account")),
      timeLeft(state, now),
      parts.primary("confirm", say("confirm", { price })),
      h("div", { class: "center" }, parts.plain("back", say("back"))),
    ),
  ];
}

/** The payment is under way. */
export function paying(state: State, now: number): Child[] {
  const amount = state.attempt?.amount_won ?? state.purchase?.amount_won;
  const isUnderWay = state.attempt?.purchase != null || state.purchase != null;
  return [
    parts.card(
      "paying",
      parts.headline(say("paying-title")),
      h("progress", { "aria-label": say("paying-title") }),
      h("p", null, say(isUnderWay ? "paying-under-way" : "paying-sending")),
      amount != null && parts.figures(["amount", say("amount"), won(amount)]),
      h("p", { class: "soft" }, say("paying-once")),
      state.trouble && [
        trouble(state, now),
        state.trouble.code === "blocked" && parts.secondary("again", say("again")),
        link("/me", say("to-me")),
      ],
    ),
  ];
}

/** What was bought. */
export function bought(state: State): Child[] {
  const { purchase } = state;
  if (!purchase) {
    return [
      parts.card(
        "bought",
        parts.headline(say("bought-title")),
        h("p", null, say("bought-elsewhere")),
        link("/me", say("to-me")),
        once(),
      ),
    ];
  }
  const isCancelled = purchase.state === "cancelled";
  return [
    parts.card(
      "bought",
      parts.headline(say(isCancelled ? "bought-cancelled" : "bought-title")),
      h("p", { class: "big", "data-figure": "amount" }, won(purchase.amount_won)),
      parts.figures(
        ["discount", say("discount"), `−${won(purchase.subsidy_won)}`],
        ["price", say("price-paid"), won(purchase.price_won)],
        ["at", say("bought-at"), longMoment(purchase.created_at)],
      ),
      purchase.voucher_id != null && [
        h("p", { class: "soft tight" }, say("voucher")),
        h("p", { class: "voucher number", "data-figure": "voucher" }, purchase.voucher_id),
      ],
      !isCancelled && h("p", null, say("bought-next")),
      link("/me", say("to-me")),
      once(),
    ),
  ];
}

const link = (to: string, text: string): HTMLElement =>
  h("a", { class: "button full", href: to }, text);

const once = (): Child => [
  h("div", { class: "center" }, parts.plain("join", say("bought-again"))),
  h("p", { class: "soft small center" }, say("bought-again-what")),
];

/** A refusal, in words, with the next step. */
export function refused(state: State, now: number): Child[] {
  if (!state.refusal) return [];
  const { problem } = state.refusal;
  const { title, next } = inWords(problem, now);
  return [
    h(
      "section",
      {
        class: "card",
        "data-key": "refused",
        "data-code": problem.code,
        "aria-labelledby": "headline",
      },
      parts.headline(title),
      h("p", null, next),
      way(state, now),
    ),
  ];
}

function way(state: State, now: number): Child {
  const code = state.refusal?.problem.code ?? "";
  const back = h("div", { class: "center" }, parts.plain("back", say("back")));
  const isPassGood =
    state.place?.pass_expires_at != null && Date.parse(state.place.pass_expires_at) > now;
  switch (wayOf(code)) {
    case "amount":
      return isPassGood
        ? parts.primary("back", say("choose-again"))
        : parts.primary("back", say("back"));
    case "line":
      return [parts.primary("join", say("line-again"), state.busy === "join"), back];
    case "end":
      return [link("/", say("to-rounds")), code !== "round-not-found" && back];
    default:
      return [parts.primary("again", say("again"), state.busy != null), back];
  }
}
