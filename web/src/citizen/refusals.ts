// What a refusal means and how to go on: words by code (texts/citizen.*.ftl has two for each), and
// the way that is offered. A code that this page does not know is still said, with its code.

import type { Problem } from "../shared/api";
import { has, say, type Values } from "../shared/fluent";
import { count, moment, percent, won } from "../shared/format";

/** What to offer after a refusal. */
export type Way =
  /** Sign in again. */
  | "sign-in"
  /** Sign up first. */
  | "sign-up"
  /** The same once more, later. */
  | "again"
  /** Another amount. */
  | "amount"
  /** A new place in line. */
  | "line"
  /** Nothing here: other rounds. */
  | "end";

const WAYS: Record<string, Way> = {
  suspended: "again",
  unauthenticated: "sign-in",
  forbidden: "sign-in",
  "second-person-required": "end",
  "body-too-large": "again",
  "unsupported-media-type": "again",
  malformed: "again",
  "idempotency-key-required": "again",
  "idempotency-key-reused": "again",
  "invalid-amount": "amount",
  "program-not-found": "end",
  "round-not-found": "end",
  "purchase-not-found": "end",
  "voucher-not-found": "end",
  "merchant-not-found": "end",
  "receiver-not-found": "end",
  "notice-not-found": "end",
  "ask-not-found": "end",
  "not-found": "end",
  "method-not-allowed": "end",
  "version-changed": "again",
  "not-registered": "sign-up",
  "channel-not-allowed": "end",
  "round-not-open": "again",
  "wrong-state": "end",
  "too-many-notices": "end",
  "ask-pending": "end",
  "not-eligible": "end",
  "ticket-invalid": "line",
  "not-yet": "again",
  "turn-passed": "line",
  "pass-required": "line",
  "pass-invalid": "line",
  "pass-expired": "line",
  "pass-used": "line",
  "monthly-limit-exceeded": "amount",
  "holding-limit-exceeded": "amount",
  "sold-out": "end",
  "insufficient-stock": "amount",
  "voucher-not-active": "end",
  "wrong-region": "end",
  "insufficient-balance": "amount",
  "already-spent": "end",
  "below-refund-threshold": "end",
  "gift-not-refundable": "end",
  "receiver-limit-exceeded": "amount",
  "payment-declined": "amount",
  "payback-declined": "end",
  blocked: "again",
  overloaded: "again",
  unavailable: "again",
};

export const wayOf = (code: string): Way => WAYS[code] ?? "again";

export interface Said {
  title: string;
  next: string;
}

/** A refusal in words. `now`: the server's time. */
export function inWords(problem: Problem, now: number): Said {
  const key = `refusal-${problem.code}`;
  if (!has(key)) {
    const title = say("refusal-other", { code: problem.code });
    return { title, next: problem.detail ?? say("refusal-other-next") };
  }
  const values = valuesOf(problem, now);
  return { title: say(key, values), next: say(`${key}-next`, values) };
}

/** Every fact that a refusal may carry; `none` where it carries none. */
export function valuesOf(problem: Problem, now: number): Values {
  const time = (fact: unknown) => (typeof fact === "string" ? moment(fact, now) : "none");
  const money = (fact: unknown) => (typeof fact === "number" ? won(fact) : "none");
  const share = (fact: unknown) => (typeof fact === "number" ? percent(fact) : "none");
  const word = (fact: unknown) => (typeof fact === "string" ? fact : "none");
  const words = (fact: unknown) =>
    Array.isArray(fact) && fact.length > 0 ? fact.filter((it) => typeof it === "string").join(", ") : "none";
  const { ahead } = problem;
  return {
    "opens-at": time(problem["opens_at"]),
    until: time(problem["until"]),
    channels: words(problem["channels"]),
    state: word(problem["state"]),
    feature: word(problem["feature"]),
    ahead: typeof ahead === "number" ? count(ahead) : "none",
    unit: money(problem["unit_won"]),
    limit: money(problem["monthly_limit_won"]),
    allowance: money(problem["allowance_won"]),
    room: money(problem["room_won"]),
    remaining: money(problem["remaining_won"]),
    balance: money(problem["balance_won"]),
    spent: share(problem["spent_bps"]),
    threshold: share(problem["threshold_bps"]),
  };
}
