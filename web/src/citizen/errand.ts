// What a person does with a voucher: cancel, refund, give. One at a time, each under a key that is
// kept before the first send and stays the same until the server has said for certain what became
// of it, also after a reload. A payback that the bank has not confirmed (202) is asked for again
// under its key: that answers as soon as it is.

import { backOff, isPassing, type Answer, type Problem } from "../shared/api";
import type { Caller } from "./caller";
import { newKey, type Errand, type Memory } from "./memory";

/** The server answers within 5 s whatever the bank does; a slow radio may double that. */
const TIMEOUT_MS = 20_000;
/** Between two looks at a payback that is under way, before jitter. */
const LOOK_MS = 2_000;

/** What became of it for certain. */
export type End =
  | { kind: "done" }
  | { kind: "refused"; problem: Problem }
  /** Nobody is signed in any more: the same key goes on after signing in. */
  | { kind: "sign-in" };

/** It goes on; `trouble` when the last try said nothing. */
export type Watch = (trouble: Problem | null) => void;

export class Errands {
  constructor(
    private readonly caller: Caller,
    private readonly memory: Memory,
    private readonly sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms)),
  ) {}

  /** The one under way, if there is one. */
  get pending(): Errand | null {
    return this.memory.errand;
  }

  /** The one under way, else a new one: kept before anything is sent. */
  private begin(path: string, body: Errand["body"]): Errand {
    const errand = this.memory.errand ?? { key: newKey(), path, body };
    this.memory.errand = errand;
    return errand;
  }

  /** Runs what is asked now. What another tab left under way comes to its end before. */
  async run(path: string, body: Errand["body"], token: string, watch: Watch): Promise<End> {
    for (;;) {
      const errand = this.begin(path, body);
      const isIt = errand.path === path && JSON.stringify(errand.body) === JSON.stringify(body);
      const end = await this.settle(errand, token, watch);
      if (isIt || end.kind === "sign-in") return end;
    }
  }

  /** Runs it until it has a definite answer. */
  async settle(errand: Errand, token: string, watch: Watch): Promise<End> {
    for (let failures = 0; ; ) {
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
    if (answer.status === 401) return { kind: "sign-in" };
    if (answer.ok && !answer.body) return null;
    // Another tab may have seen this end too, and have begun something else.
    if (this.memory.errand?.key === errand.key) this.memory.errand = null;
    if (answer.ok) return { kind: "done" };
    return { kind: "refused", problem: answer.problem ?? { code: "unavailable" } };
  }
}
