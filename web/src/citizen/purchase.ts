// One purchase, from the tap to its definite answer.
//
// The key is kept before the first send, and stays the same until the server has said for certain
// what became of it: so a lost answer, a reload or a second tab never pays twice. Only a definite
// answer lets go of it. What is tried again is tried with the same key and the same amount.

import { backOff, isBlocked, isPassing, isSignedOut, type Answer, type Problem } from "../shared/api";
import type { Caller } from "./caller";
import { newKey, type Attempt, type Memory } from "./memory";
import type { Purchase } from "./types";

/** The server answers within 5 s whatever the payment does; a slow radio may double that. */
const BUY_TIMEOUT_MS = 20_000;
/** How soon to ask what became of a payment under way: each time later, with jitter. */
const FOLLOW_MS = [1_000, 2_000, 3_000, 5_000];

export interface Pending {
  token: string;
  pass: string | null;
}

/** What became of it for certain. */
export type Outcome =
  | { kind: "bought"; purchase: Purchase }
  | { kind: "refused"; problem: Problem }
  /** Something on the way refuses: the same key goes on when the person says so. */
  | { kind: "blocked"; problem: Problem }
  /** Nobody is signed in any more: the same key goes on after signing in. */
  | { kind: "sign-in" };

export interface Watcher {
  /** It goes on: the payment is under way, or it is tried again because of `trouble`. */
  onStep(attempt: Attempt, purchase: Purchase | null, trouble: Problem | null): void;
  sleep(ms: number): Promise<void>;
}

export class Till {
  constructor(
    private readonly round: string,
    private readonly caller: Caller,
    private readonly memory: Memory,
  ) {}

  /** The attempt under way, else a new one: kept before anything is sent. */
  begin(amount_won: number, pass: string | null = null): Attempt {
    const attempt = this.memory.attempt ?? { key: newKey(), amount_won, ...(pass && { pass }) };
    this.memory.attempt = attempt;
    return attempt;
  }

  /** Runs an attempt until it has a definite answer. */
  async settle(attempt: Attempt, pending: Pending, watcher: Watcher): Promise<Outcome> {
    for (let failures = 0; ; ) {
      if (attempt.purchase) return this.follow(attempt, attempt.purchase, pending.token, watcher);
      const answer = await this.send(attempt, pending);
      if (answer.status === 202 && answer.body) {
        attempt = { ...attempt, purchase: answer.body.id };
        this.memory.attempt = attempt;
        watcher.onStep(attempt, answer.body, null);
        continue;
      }
      const outcome = this.definite(answer);
      if (outcome) return outcome;
      failures += 1;
      watcher.onStep(attempt, null, answer.problem ?? { code: "unavailable" });
      await watcher.sleep(backOff(failures, answer.retryAfterMs));
    }
  }

  private send(attempt: Attempt, pending: Pending): Promise<Answer<Purchase>> {
    const headers: Record<string, string> = {
      authorization: `Bearer ${pending.token}`,
      "idempotency-key": attempt.key,
    };
    const pass = pending.pass ?? attempt.pass;
    if (pass) headers["openrun-pass"] = pass;
    return this.caller.act<Purchase>(`/v1/rounds/${this.round}/purchases`, {
      method: "POST",
      headers,
      body: { amount_won: attempt.amount_won, payment: { method: "account" } },
      timeoutMs: BUY_TIMEOUT_MS,
    });
  }

  /** Null when nobody knows yet. */
  private definite(answer: Answer<Purchase>): Outcome | null {
    if (isPassing(answer)) return null;
    const problem = answer.problem ?? { code: "unavailable" };
    if (isBlocked(answer)) return { kind: "blocked", problem };
    if (isSignedOut(answer)) return { kind: "sign-in" };
    if (answer.ok && !answer.body) return null;
    this.memory.attempt = null;
    return answer.body ? this.ended(answer.body) : { kind: "refused", problem };
  }

  /** A purchase that is over: a replay of 201 may tell of one that was voided since. */
  private ended(purchase: Purchase): Outcome {
    const isVoid = purchase.state === "voided";
    return isVoid
      ? { kind: "refused", problem: { code: "payment-declined" } }
      : { kind: "bought", purchase };
  }

  /** Asks for the purchase until its payment has come to an end. */
  private async follow(
    attempt: Attempt,
    id: string,
    token: string,
    watcher: Watcher,
  ): Promise<Outcome> {
    for (let looks = 0, failures = 0; ; looks += 1) {
      const wait = FOLLOW_MS[Math.min(looks, FOLLOW_MS.length - 1)] ?? 5_000;
      await watcher.sleep(
        failures > 0 ? backOff(failures, null) : wait * (0.8 + Math.random() * 0.4),
      );
      const answer = await this.caller.act<Purchase>(`/v1/purchases/${id}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const purchase = answer.body;
      if (purchase && purchase.state !== "held" && purchase.state !== "paying") {
        this.memory.attempt = null;
        return this.ended(purchase);
      }
      if (isSignedOut(answer)) return { kind: "sign-in" };
      if (answer.problem?.code === "purchase-not-found") {
        this.memory.attempt = null;
        return { kind: "refused", problem: answer.problem };
      }
      failures = purchase ? 0 : failures + 1;
      watcher.onStep(
        attempt,
        purchase,
        purchase ? null : (answer.problem ?? { code: "unavailable" }),
      );
    }
  }
}
