// The vouchers of a person: balance, history, and what can be asked of each.

import { h, type Child } from "../shared/dom";
import { say } from "../shared/fluent";
import { longMoment, won } from "../shared/format";
import * as parts from "./parts";
import { inWords } from "./refusals";
import type { Move, Voucher } from "./types";
import type { VoucherState } from "./vouchers";

/** All of them; nothing when there is none. */
export function vouchers(
  state: VoucherState,
  nameOf: (program: string) => string,
  now: number,
): Child {
  if (state.all.length === 0) return null;
  const rows = state.all.map((voucher) =>
    h("li", { "data-key": voucher.id }, row(state, voucher, nameOf(voucher.program_id))),
  );
  return h(
    "section",
    { class: "card", "data-key": "vouchers" },
    h("h2", null, say("me-vouchers")),
    state.unpaid && h("a", { class: "button full", href: `/pay/${state.unpaid}` }, say("voucher-unpaid")),
    state.isBusy && underWay(state, now),
    refused(state, now),
    h("ul", { class: "bare" }, rows),
    state.cursor && parts.secondary("more-vouchers", say("me-more")),
  );
}

function underWay(state: VoucherState, now: number): Child {
  return h(
    "div",
    { class: "notice", role: "status", "data-key": "under-way" },
    h("p", null, say("voucher-busy")),
    h("progress", { "aria-label": say("voucher-busy") }),
    state.trouble && h("p", { class: "soft" }, inWords(state.trouble, now).next),
  );
}

function row(state: VoucherState, voucher: Voucher, name: string): Child[] {
  const isOpen = state.open?.id === voucher.id;
  return [
    h(
      "strong",
      { "data-figure": "balance" },
      `${say("me-balance")} ${won(voucher.balance_won)}`,
    ),
    ` · ${say(`voucher-state-${voucher.state}`)}`,
    h("br"),
    name,
    voucher.expires_at &&
      voucher.balance_won > 0 && [
        h("br"),
        h("small", null, say("voucher-expires", { at: longMoment(voucher.expires_at) })),
      ],
    h("br"),
    h("small", { class: "number" }, voucher.id),
    h(
      "button",
      {
        type: "button",
        class: "plain",
        "data-do": "voucher",
        "data-id": voucher.id,
        "aria-expanded": String(isOpen),
      },
      say(isOpen ? "voucher-close" : "voucher-open"),
    ),
    isOpen && details(state, voucher),
  ];
}

function refused({ refusal }: VoucherState, now: number): Child {
  if (!refusal) return null;
  const { title, next } = inWords(refusal, now);
  return h(
    "div",
    { class: "notice bad", role: "alert", "data-key": "no", "data-code": refusal.code },
    h("p", null, h("strong", null, title)),
    h("p", null, next),
    // It goes on under its key.
    refusal.code === "blocked" && parts.secondary("again", say("again")),
  );
}

function details(state: VoucherState, voucher: Voucher): Child[] {
  const { open } = state;
  return [
    voucher.state === "active" && !state.isBusy && acts(state, voucher),
    h("h3", null, say("voucher-history")),
    h("ul", { class: "bare" }, open?.history.map(move)),
    open?.cursor != null && parts.plain("older", say("me-more")),
  ];
}

function move(it: Move): Child {
  return h(
    "li",
    { "data-key": `move-${it.number}` },
    `${say(`move-${it.kind}`)} ${won(it.amount_won)}`,
    it.merchant_id && ` · ${it.merchant_id}`,
    h("br"),
    h(
      "small",
      null,
      `${longMoment(it.created_at)} · ${say("me-balance")} ${won(it.balance_won)}`,
    ),
  );
}

function acts(state: VoucherState, voucher: Voucher): Child {
  const isWhole = voucher.spent_won === 0 && voucher.given_won === 0;
  const back = isWhole ? "cancel" : "refund";
  switch (state.asking) {
    case "cancel":
      return asked(say("voucher-cancel-ask"), say("voucher-cancel-text"));
    case "refund":
      return asked(say("voucher-refund-ask"), say("voucher-refund-text"));
    case "gift":
      return gift(voucher);
    default:
      return h(
        "div",
        { class: "row", "data-key": "acts" },
        h("a", { class: "button", "data-do": "pay", href: pay(voucher) }, say("voucher-pay")),
        voucher.purchase_id && parts.secondary(back, say(`voucher-${back}`)),
        parts.secondary("gift", say("voucher-gift")),
      );
  }
}

const pay = ({ id, program_id }: Voucher): string => `/pay?voucher=${id}&program=${program_id}`;

/** Asks once. */
function asked(title: string, text: string): Child {
  return h(
    "div",
    { class: "notice bad", role: "group", "aria-label": title, "data-key": "asking" },
    h("h3", null, title),
    h("p", null, text),
    h(
      "div",
      { class: "row" },
      parts.secondary("back", say("back")),
      h("button", { type: "button", class: "danger", "data-do": "confirm" }, say("voucher-yes")),
    ),
  );
}

function gift(voucher: Voucher): Child {
  return h(
    "form",
    { "data-form": "gift", "data-key": "gift" },
    h("label", { for: "to" }, say("voucher-gift-to")),
    h("input", { id: "to", name: "to", required: true, maxlength: 64, autocomplete: "off" }),
    h("label", { for: "gift" }, say("voucher-gift-amount", { most: won(voucher.balance_won) })),
    h("input", {
      id: "gift",
      name: "gift",
      required: true,
      inputmode: "numeric",
      autocomplete: "off",
      "aria-describedby": "gift-text",
    }),
    h("p", { id: "gift-text", class: "soft small" }, say("voucher-gift-text")),
    h(
      "div",
      { class: "row" },
      parts.secondary("back", say("back")),
      h("button", { type: "submit", class: "primary", "data-do": "give" }, say("voucher-gift-do")),
    ),
  );
}
