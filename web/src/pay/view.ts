// What the page of one merchant shows. The words are those of the page as the server writes it.

import { h, type Child } from "../shared/dom";
import { ofBoth, say } from "../shared/fluent";
import { longMoment, won } from "../shared/format";
import * as parts from "../citizen/parts";
import { inWords } from "../citizen/refusals";
import type { Voucher } from "../citizen/types";
import { isTaken, spendable, tellOf, type Merchant, type State, type View } from "./state";

/** The page, head first: who is paid stands above all. */
export function draw(state: State, view: View, now: number): Child[] {
  const body: Record<View, () => Child> = {
    sign_in: () => signIn(state),
    loading: () => h("p", { class: "soft" }, say("loading")),
    pay: () => choose(state),
    pay_confirm: () => confirm(state),
    paying: () => paying(state, now),
    unfinished: () => unfinished(state),
    paid: () => paid(state, now),
    not_found: () => notFound(),
    refused: () => refused(state, now),
  };
  const merchant = (state.paid ?? state.unfinished ?? state).merchant;
  return [
    merchant ? head(merchant) : h("h1", null, say("page-pay")),
    state.isForgotten && forgotten(),
    body[view](),
  ];
}

const place = (it: Merchant): string =>
  [it.category, it.region, `${say("page-pay-number")} ${it.id}`].filter((word) => word).join(" · ");

const head = (merchant: Merchant): Child[] => [
  h("h1", null, merchant.name),
  h("p", { class: "soft" }, place(merchant)),
];

function signIn(state: State): Child {
  return parts.card(
    "sign-in",
    parts.headline(say("sign_in-title")),
    h("p", null, say("page-sign-in")),
    state.isDev && parts.primary("virtual-person", say("virtual-person")),
  );
}

function nameOf(state: State, voucher: Voucher | undefined): string {
  const program = state.programs.find((it) => it.id === voucher?.program_id);
  return program ? ofBoth(program.name) : (voucher?.program_id ?? "");
}

function choose(state: State): Child {
  const all = spendable(state);
  const { merchant } = state;
  const first = all[0];
  if (!merchant || !first) {
    return parts.card(
      "nothing",
      parts.headline(say("page-pay")),
      h("p", { class: "notice" }, say("page-pay-nothing")),
      h("a", { class: "button full", href: "/" }, say("page-rounds")),
    );
  }
  const chosen = all.find((it) => it.id === state.chosen) ?? first;
  const isNone = !all.some((it) => isTaken(it, merchant, state.programs));
  return parts.card(
    "choose",
    parts.headline(say("page-pay")),
    isNone && [
      h("p", { class: "notice warn", "data-code": "wrong-region" }, say("page-pay-none-fits")),
      h("p", null, elsewhere(chosen)),
    ],
    h(
      "form",
      { "data-form": "pay", novalidate: true },
      h(
        "fieldset",
        null,
        h("legend", null, say("page-pay-with")),
        all.map((it) => option(state, it, merchant, it === chosen)),
      ),
      h("label", { for: "amount" }, say("page-pay-amount")),
      wrong(state, chosen),
      h("input", {
        id: "amount",
        name: "amount_won",
        inputmode: "numeric",
        autocomplete: "off",
        required: true,
        value: state.typed,
        "aria-invalid": state.wrong && "true",
        "aria-describedby": state.wrong && "wrong",
      }),
      h("button", { type: "submit", class: "primary", "data-do": "pay" }, say("page-pay-next")),
    ),
  );
}

function option(state: State, voucher: Voucher, merchant: Merchant, isChosen: boolean): Child {
  const { id, balance_won, expires_at } = voucher;
  return h(
    "label",
    { class: "check", "data-key": `voucher-${id}` },
    h("input", { type: "radio", name: "voucher", value: id, checked: isChosen }),
    h(
      "span",
      null,
      nameOf(state, voucher),
      h("br"),
      `${say("me-balance")} `,
      h("strong", { "data-figure": "balance" }, won(balance_won)),
      expires_at && [h("br"), h("small", null, say("voucher-expires", { at: longMoment(expires_at) }))],
      !isTaken(voucher, merchant, state.programs) && [h("br"), h("small", null, say("pay-perhaps"))],
    ),
  );
}

const elsewhere = (voucher: Voucher): Child =>
  h(
    "a",
    { class: "button full", href: `/pay?voucher=${voucher.id}&program=${voucher.program_id}` },
    say("page-pay-elsewhere"),
  );

function wrong(state: State, chosen: Voucher): Child {
  if (!state.wrong) return null;
  const isTooMuch = state.wrong === "too-much";
  const code = isTooMuch ? "insufficient-balance" : "invalid-amount";
  return h(
    "p",
    { class: "notice bad", role: "alert", id: "wrong", "data-key": "wrong", "data-code": code },
    isTooMuch
      ? say("page-pay-too-much", { balance: won(chosen.balance_won) })
      : say("page-pay-amount-wrong"),
  );
}

function confirm(state: State): Child {
  const { wish, merchant } = state;
  const voucher = state.vouchers?.find((it) => it.id === wish?.voucher);
  if (!wish || !voucher || !merchant) return null;
  return parts.card(
    "confirm",
    parts.headline(say("page-pay-confirm-head")),
    parts.figures(
      ["merchant", say("page-pay-merchant-name"), merchant.name],
      ["amount", say("page-pay-amount"), won(wish.amount_won)],
      ["voucher", say("page-pay-with"), nameOf(state, voucher)],
      ["balance", say("me-balance"), won(voucher.balance_won)],
      ["after", say("page-pay-after"), won(voucher.balance_won - wish.amount_won)],
    ),
    parts.primary("confirm", say("page-pay-confirm-do", { amount: won(wish.amount_won) })),
    h("p", { class: "soft" }, say("page-pay-once")),
    h("div", { class: "center" }, parts.plain("back", say("page-pay-change"))),
  );
}

function paying(state: State, now: number): Child {
  const { trouble, isBusy } = state;
  const said = trouble && inWords(trouble, now);
  return parts.card(
    "paying",
    parts.headline(say("pay-busy")),
    isBusy && h("progress", { "aria-label": say("pay-busy") }),
    h("p", null, say("pay-wait")),
    said && [
      h(
        "div",
        { class: "notice warn", "data-key": "trouble", "data-code": trouble.code },
        h("p", null, h("strong", null, said.title)),
        h("p", null, said.next),
      ),
      !isBusy && parts.secondary("again", say("again")),
    ],
  );
}

/** A payment that nobody answered: sent again only when its person says so. */
function unfinished(state: State): Child {
  if (!state.unfinished) return null;
  const { errand, merchant } = state.unfinished;
  const amount = won(Number(errand.body["amount_won"]));
  return parts.card(
    "unfinished",
    parts.headline(say("pay-unfinished")),
    parts.figures(
      ["amount", say("page-amount"), amount],
      ["merchant", say("page-pay-merchant-name"), merchant.name],
      ["time", say("pay-unfinished-at"), errand.at != null && longMoment(errand.at)],
    ),
    h("p", { class: "notice warn", role: "status" }, say("pay-unfinished-text")),
    parts.primary("go-on", say("pay-unfinished-go", { amount })),
    parts.secondary("forget", say("pay-forget")),
    h("p", null, h("a", { class: "button full", href: "/me" }, say("pay-history"))),
  );
}

const forgotten = (): Child =>
  h(
    "div",
    { class: "notice warn", role: "status", "data-key": "forgotten" },
    h("p", null, say("pay-forgotten")),
    h("p", null, h("a", { href: "/me" }, say("pay-history"))),
  );

function notFound(): Child {
  return parts.card(
    "not-found",
    parts.headline(say("pay-not-found")),
    h("p", { class: "notice warn", role: "status" }, say("pay-not-found-text")),
    h("a", { class: "button full", href: "/me" }, say("pay-history")),
    h("div", { class: "center" }, parts.plain("pay-again", say("page-pay-back"))),
  );
}

function paid(state: State, now: number): Child {
  if (!state.paid) return null;
  const { spend, merchant } = state.paid;
  const { created_at: at } = spend;
  const tell = tellOf(spend, now);
  const tone = tell === "page-paid-show" ? "good" : "warn";
  return parts.card(
    "paid",
    parts.headline(say("page-paid-head")),
    h("p", { class: `notice ${tone}`, role: "status" }, say(tell)),
    parts.figures(
      ["amount", say("page-amount"), won(spend.amount_won)],
      // To the second, as the merchant's own list has it.
      ["time", say("page-paid-at"), h("time", { datetime: at }, at.slice(0, 10), " ", at.slice(11, 19))],
      ["merchant", say("page-pay-merchant-name"), merchant.name],
      ["merchant-number", say("page-pay-number"), merchant.id],
      ["payment", say("page-paid-number"), spend.id],
      ["after", say("page-pay-after"), won(spend.balance_won)],
    ),
    h("a", { class: "button full", href: "/me" }, say("page-me")),
    h("div", { class: "center" }, parts.plain("pay-again", say("page-pay-again"))),
  );
}

function refused(state: State, now: number): Child {
  const { refusal } = state;
  if (!refusal) return null;
  const { title, next } = inWords(refusal, now);
  const isOfPlace = refusal.code === "wrong-region" || refusal.code === "merchant-not-found";
  return h(
    "section",
    { class: "card", "data-key": "no", "data-code": refusal.code, "aria-labelledby": "headline" },
    parts.headline(title),
    h("p", { class: "notice bad", role: "alert" }, next),
    isOfPlace && h("a", { class: "button full", href: "/pay" }, say("page-pay-find-head")),
    state.merchant && h("div", { class: "center" }, parts.plain("again", say("page-pay-back"))),
    !state.merchant && parts.secondary("again", say("again")),
  );
}
