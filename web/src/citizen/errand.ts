// What a person does with a voucher: cancel, refund, give. One at a time, each under a key that is
// kept before the first send and stays the same until the server has said for certain what became
// of it, also after a reload. A payback that the bank has not confirmed (202) is asked for again
// under its key: that answers as soon as it is.
//
// A payment at a merchant is another matter: whoever got no answer has paid in cash, perhaps. After a
// minute it is sent only when the person says so.

import { backOff, isBlocked, isPassing, isSignedOut, type Answer, type Problem } from "../shared/api";
import type { Clock } from "../shared/clock";
import type { Caller } from "./caller";
import { newKey, type Errand, type Memory } from "./memory";

/** The server answers within 5 s whatever the bank does; a slow radio may double that. */
const TIMEOUT_MS = 20_000;
/** Between two looks at a payback that is under way, before jitter. */
const LOOK_MS = 2_000;
/** As long as a payment is the one that was just confirmed. The server's receipts have the same. */
const SAME_TAP_MS = 60_000;

/** Whether something of that time (milliseconds; unknown: long ago) is not of just now. */
export const isOld = (at: number | undefined, now: number): boolean =>
  !(Math.abs(now - (at ?? NaN)) <= SAME_TAP_MS);

/** Whether it pays a merchant. */
export const isSpend = ({ path }: { path: string }): boolean => path.endsWith("/spends");

/** What became of it for certain. */
export type End =
  | { kind: "done"; body: unknown }
  | { kind: "refused"; problem: Problem }
  /** Something on the way refuses: the same key goes on when the person says so. */
  | { kind: "blocked"; problem: Problem }
  /** Nobody is signed in any more: the same key goes on after signing in. */
  | { kind: "sign-in" }
  /** A payment that nobody answered in time: the person says whether it goes on. */
  | { kind: "unfinished"; errand: Errand };

/** It goes on; `trouble` when the last try said nothing. */
export type Watch = (trouble: Problem | null) => void;

export class Errands {
  constructor(
    private readonly caller: Caller,
    private readonly memory: Memory,
    private readonly clock: Pick<Clock, "now">,
    private readonly sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms)),
  ) {}

  /** The one under way, if there is one. */
  get pending(): Errand | null {
    return this.memory.errand;
  }

  /** The one under way, else a new one: kept before anything is sent. */
  private begin(path: string, body: Errand["body"]): Errand {
    const errand = this.memory.errand ?? { key: newKey(), path, body, at: this.clock.now() };
    this.memory.errand = errand;
    return errand;
  }

  /** Runs what is asked now. What another tab left under way comes to its end before. */
  async run(path: string, body: Errand["body"], token: string, watch: Watch): Promise<End> {
    for (;;) {
      const errand = this.begin(path, body);
      const isIt = errand.path === path && JSON.stringify(errand.body) === JSON.stringify(body);
      const end = await this.settle(errand, token, watch);
      if (isIt || (end.kind !== "done" && end.kind !== "refused")) return end;
    }
  }

  /** Runs it until it has a definite answer. */
  async settle(errand: Errand, token: string, watch: Watch): Promise<End> {
    // The server's time stands still in a phone that sleeps; the phone's own goes on.
    const begun = Date.now();
    for (let failures = 0; ; ) {
      const isLate = isOld(errand.at, this.clock.now()) || isOld(begun, Date.now());
      if (isLate && isSpend(errand)) return { kind: "unfinished", errand };
      const answer = await this.caller.act(errand.path, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "idempotency-key": errand.key },
        body: errand.body,
        timeoutMs: TIMEOUT_MS,
      });
      const end = this.definite(errand, answer);
      if (end) return end;
      const isUnderWay = answer.status === 202;
      failures = isUnderWay ? 0 : failures + 1;
      watch(isUnderWay ? null : (answer.problem ?? { code: "unavailable" }));
      const look = LOOK_MS * (0.8 + Math.random() * 0.4);
      await this.sleep(isUnderWay ? look : backOff(failures, answer.retryAfterMs));
    }
  }

  /** Null when nobody knows yet. */
  private definite(errand: Errand, answer: Answer): End | null {
    if (isPassing(answer) || answer.status === 202) return null;
    const problem = answer.problem ?? { code: "unavailable" };
    if (isBlocked(answer)) return { kind: "blocked", problem };
    if (isSignedOut(answer)) return { kind: "sign-in" };
    if (answer.ok && !answer.body) return null;
    // Another tab may have seen this end too, and have begun something else.
    if (this.memory.errand?.key === errand.key) this.memory.errand = null;
    return answer.ok ? { kind: "done", body: answer.body } : { kind: "refused", problem };
  }
}
