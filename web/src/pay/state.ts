// What is known of a payment, and which view follows from it. Decides nothing about money: whether
// a voucher pays a merchant is the server's to say.

import type { Problem } from "../shared/api";
import { isOld } from "../citizen/errand";
import type { Errand } from "../citizen/memory";
import type { Program, Voucher } from "../citizen/types";

export interface Merchant {
  id: string;
  name: string;
  region: string;
  category: string;
  /** The programs that it takes; none: every program of its region. */
  programs: string[];
}

/** A payment, as the server answers it. */
export interface Spend {
  id: string;
  voucher_id: string;
  merchant_id: string;
  amount_won: number;
  balance_won: number;
  created_at: string;
}

export type View =
  | "sign_in"
  | "loading"
  | "pay"
  | "pay_confirm"
  | "paying"
  | "unfinished"
  | "paid"
  | "not_found"
  | "refused";

export interface State {
  isDev: boolean;
  isSignedIn: boolean;
  merchant: Merchant | null;
  programs: Program[];
  /** Null until they are known. */
  vouchers: Voucher[] | null;
  /** What is to be confirmed. */
  wish: { voucher: string; amount_won: number } | null;
  /** The voucher that was chosen last, and the amount that the address fills in. */
  chosen: string | null;
  typed: string;
  /** What is wrong with what was typed. */
  wrong: "amount" | "too-much" | null;
  isBusy: boolean;
  /** Why the last try said nothing. */
  trouble: Problem | null;
  refusal: Problem | null;
  /** A payment of before that nobody answered, and its merchant. */
  unfinished: { errand: Errand; merchant: Merchant } | null;
  /** Whether the person has just let go of one. */
  isForgotten: boolean;
  /** Whether the payment that the address names is not to be found. */
  isMissing: boolean;
  paid: { spend: Spend; merchant: Merchant } | null;
}

export function viewOf(state: State): View {
  if (state.paid) return "paid";
  if (state.isBusy || state.trouble?.code === "blocked") return "paying";
  if (!state.isSignedIn) return "sign_in";
  if (state.refusal) return "refused";
  if (state.unfinished) return "unfinished";
  if (state.isMissing) return "not_found";
  if (!state.merchant || !state.vouchers) return "loading";
  return state.wish ? "pay_confirm" : "pay";
}

/** What a receipt says to a merchant: an old one is no sign that somebody has just paid. */
export const tellOf = (spend: Spend, now: number): "page-paid-before" | "page-paid-show" =>
  isOld(Date.parse(spend.created_at), now) ? "page-paid-before" : "page-paid-show";

/** Vouchers that can be spent somewhere: those that this merchant takes first, the oldest first. */
export function spendable({ merchant, programs, vouchers }: State): Voucher[] {
  const all = (vouchers ?? []).filter((it) => it.state === "active" && it.balance_won > 0);
  const order = (it: Voucher): [number, number] => [
    merchant && isTaken(it, merchant, programs) ? 0 : 1,
    it.expires_at ? Date.parse(it.expires_at) : Infinity,
  ];
  const byOrder = (one: Voucher, other: Voucher) => {
    const [a, b] = [order(one), order(other)];
    return a[0] - b[0] || (a[1] === b[1] ? 0 : a[1] - b[1]);
  };
  return all.sort(byOrder);
}

/** By the rules of today. An older voucher may have others, and the server knows them. */
export function isTaken(voucher: Voucher, merchant: Merchant, programs: Program[]): boolean {
  const program = programs.find((it) => it.id === voucher.program_id);
  const isListed = merchant.programs.length === 0 || merchant.programs.includes(voucher.program_id);
  return isListed && (program?.regions.includes(merchant.region) ?? true);
}

/** What was typed as an amount: null when it is none. */
export function wonIn(typed: string): number | null {
  const digits = typed.replace(/[,\s원]/g, "").replace(/won$/i, "");
  const amount = /^\d+$/.test(digits) ? Number(digits) : NaN;
  return Number.isSafeInteger(amount) && amount > 0 ? amount : null;
}
