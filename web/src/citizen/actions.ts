// What the person can do on the page of a round: each control that `data-do` names, one function.
//
// Whatever fails only for the moment is tried again by itself, with the page saying so; whatever
// was refused is said in words, with the next step.

import { backOff, isPassing, type Answer, type Problem } from "../shared/api";
import { amountIn, mostOf } from "./amounts";
import { inWords } from "./refusals";
import { withLock } from "./lock";
import { Till, type Outcome } from "./purchase";
import type { Sale } from "./sale";
import type { Action, View } from "./state";
import type { Attempt } from "./memory";
import type { Purchase, Ticket } from "./types";

export interface Form {
  account: string;
  hasAccepted: boolean;
}

/** As the server asks for it. */
const ACCOUNT = /^[0-9A-Za-z-]{1,64}$/;

export class Actions {
  private readonly till: Till;
  private isSettling = false;

  constructor(
    private readonly sale: Sale,
    private readonly announce: (text: string) => void,
  ) {
    this.till = new Till(sale.id, sale.caller, sale.memory);
  }

  // Signing in and up.

  /** A virtual person, where the server makes them. */
  async virtualPerson(): Promise<void> {
    const wasAsking = this.sale.state.asking === "sign_in";
    const answer = await this.persist<{ token: string }>("virtual-person", () =>
      this.sale.caller.act("/dev/people", { method: "POST", body: {} }),
    );
    if (!answer) return;
    if (answer.body) {
      this.signIn(answer.body.token);
      if (wasAsking) await this.goOn();
    } else this.sale.refuse(answer.problem, "virtual-person");
  }

  signIn(token: string): void {
    this.sale.memory.keepToken(token);
    this.sale.recall();
    const isMine = this.sale.state.hasTicket;
    this.sale.hasAskedPerson = false;
    this.sale.set({ isSignedUp: null, limit: null });
    this.sale.set({
      isSignedIn: true,
      asking: null,
      ...(isMine ? {} : { place: null, own: null }),
    });
  }

  /** After signing in or up: on with what was begun. */
  private async goOn(): Promise<void> {
    const { state, memory } = this.sale;
    if (memory.attempt) return this.settle(memory.attempt);
    if (!state.place || state.place.state === "left") return this.join();
    if (state.place.pass) void this.sale.readLimit();
    this.sale.refresh();
  }

  askToSignUp(): void {
    this.sale.set({ asking: "sign_up", wrong: null });
  }

  async signUp(form: Form): Promise<void> {
    const wrong = !ACCOUNT.test(form.account) ? "account" : form.hasAccepted ? null : "terms";
    this.sale.set({ wrong });
    if (wrong) return;
    const headers = this.sale.authorization();
    if (!headers) return this.sale.set({ asking: "sign_in" });
    const body = { accepted_terms: form.hasAccepted, account: form.account };
    const answer = await this.persist("sign-up", () =>
      this.sale.caller.act("/v1/people", { method: "POST", headers, body }),
    );
    if (!answer) return;
    if (answer.ok) {
      this.sale.set({ asking: null, isSignedUp: true });
      await this.goOn();
    } else this.refused(answer.problem, "sign-up");
  }

  // The line.

  async join(): Promise<void> {
    const { sale } = this;
    const headers = sale.authorization();
    sale.set({ refusal: null, purchase: null, amount: null, story: null });
    if (!headers) return sale.set({ asking: "sign_in" });
    const ticket = sale.memory.ticket;
    const shown = ticket ? { ...headers, "openrun-ticket": ticket } : headers;
    const answer = await this.persist<Ticket>("join", () =>
      sale.caller.act(`/v1/rounds/${sale.id}/tickets`, { method: "POST", headers: shown }),
    );
    if (!answer) return;
    if (!answer.body) return this.refused(answer.problem, "join");
    sale.adopt(answer.body);
    sale.memory.tell(`joined ${answer.body.number}`);
    sale.looper.wake();
  }

  askToLeave(): void {
    this.sale.set({ asking: "leave" });
  }

  async leave(): Promise<void> {
    const { sale } = this;
    const ticket = sale.memory.ticket;
    sale.set({ asking: null });
    if (!ticket) return;
    const headers = { "openrun-ticket": ticket };
    const answer = await this.persist<Ticket>("leave", () =>
      sale.caller.act(`/v1/rounds/${sale.id}/tickets/me`, { method: "DELETE", headers }),
    );
    if (!answer) return;
    if (!answer.body) return this.refused(answer.problem, "leave");
    sale.adopt(answer.body);
    sale.memory.tell("left");
  }

  // Buying.

  /** First tap: the amount. `typed`: from the field for another amount. */
  choose(amount: string, typed: boolean): void {
    const { program, limit, remaining } = this.sale.state;
    if (!program) return;
    const most = mostOf(program, limit, remaining);
    const chosen = amountIn(amount, program.unit_won, most);
    const isAmountWrong = typed && chosen == null;
    // Who chooses an amount no longer thinks of leaving.
    this.sale.set({ amount: chosen, isAmountWrong, asking: null });
  }

  /** The one button of a question: what it means is what stands above it. */
  async confirm(view: View | null): Promise<void> {
    if (view === "buying") return this.buy();
    if (this.sale.state.asking === "leave") return this.leave();
  }

  /** Second tap: buy. */
  async buy(): Promise<void> {
    const { amount } = this.sale.state;
    if (amount == null) return;
    const pass = this.sale.memory.pass ?? this.sale.state.place?.pass ?? null;
    await this.settle(this.till.begin(amount, pass));
  }

  /** Goes on with a purchase that this browser had begun. */
  async resume(): Promise<void> {
    const attempt = this.sale.memory.attempt;
    if (attempt) await this.settle(attempt);
    else if (this.sale.state.attempt && !this.isSettling) this.sale.set({ attempt: null });
  }

  private async settle(attempt: Attempt): Promise<void> {
    const { sale } = this;
    if (this.isSettling) return;
    this.isSettling = true;
    sale.set({ attempt, refusal: null, trouble: null, asking: null });
    const outcome = await withLock(`openrun.buy.${sale.id}`, async (hasWaited) => {
      // The other tab may have come to its end with it.
      const now = sale.memory.attempt;
      return hasWaited && !now ? null : this.run(now ?? attempt);
    }).finally(() => (this.isSettling = false));
    if (outcome) this.ended(outcome);
    else sale.set({ attempt: null, amount: null });
    sale.refresh();
  }

  private async run(attempt: Attempt): Promise<Outcome> {
    const { sale } = this;
    const token = sale.memory.token(sale.clock.known());
    if (token == null) return { kind: "sign-in" };
    const pending = { token, pass: sale.memory.pass ?? sale.state.place?.pass ?? null };
    return this.till.settle(attempt, pending, {
      onStep: (now: Attempt, purchase: Purchase | null, trouble: Problem | null) =>
        sale.set({ attempt: now, trouble, ...(purchase ? { purchase } : {}) }),
      sleep: (ms) => this.pause(ms),
    });
  }

  private ended(outcome: Outcome): void {
    const { sale } = this;
    if (outcome.kind === "blocked") return sale.set({ trouble: outcome.problem });
    const isToSignUp = outcome.kind === "refused" && outcome.problem.code === "not-registered";
    // Who has to sign up first goes on with the same amount.
    const amount = isToSignUp ? (sale.state.attempt?.amount_won ?? null) : null;
    sale.set({ attempt: null, trouble: null, amount, limit: null });
    if (outcome.kind === "sign-in") {
      sale.signOut();
      return sale.set({ asking: "sign_in" });
    }
    if (outcome.kind === "refused") {
      const { remaining_won: left } = outcome.problem;
      sale.set({ purchase: null, remaining: typeof left === "number" ? left : null });
      sale.memory.tell("refused");
      return this.refused(outcome.problem, "buy");
    }
    sale.memory.pass = null;
    sale.set({ purchase: outcome.purchase });
    sale.memory.tell("bought");
  }

  // After a refusal.

  /** Back to what stood there before. */
  back(): void {
    const { refusal, remaining } = this.sale.state;
    const isOfStock = refusal == null || refusal.problem.code === "insufficient-stock";
    const left = isOfStock ? remaining : null;
    this.sale.set({ refusal: null, asking: null, amount: null, trouble: null, remaining: left });
    this.sale.refresh();
  }

  /** The same once more. */
  async again(): Promise<void> {
    // What was begun has its end first, under its key.
    if (this.sale.memory.attempt) return this.resume();
    const after = this.sale.state.refusal?.after;
    this.sale.set({ refusal: null, trouble: null, amount: null });
    if (after === "virtual-person") return this.virtualPerson();
    if (after === "join" || this.sale.state.place?.state === "lapsed") return this.join();
    if (after === "sign-up") return this.sale.set({ asking: "sign_up" });
    this.sale.refresh();
  }

  /** What became of the place: asked for by the person alone, since it costs the store a read. */
  async story(): Promise<void> {
    const { sale } = this;
    const ticket = sale.memory.ticket;
    if (!ticket) return;
    const path = `/v1/rounds/${sale.id}/outcome`;
    type Story = { message: { ko: string; en: string } };
    const answer = await sale.caller.act<Story>(path, { headers: { "openrun-ticket": ticket } });
    if (answer.body) sale.set({ story: answer.body.message });
    else this.announce(inWords(answer.problem ?? { code: "unavailable" }, sale.clock.now()).title);
  }

  private refused(problem: Problem | null, after: Action): void {
    const { sale } = this;
    if (problem?.code === "unauthenticated") {
      sale.signOut();
      return sale.set({ asking: "sign_in", trouble: problem });
    }
    if (problem?.code === "not-registered") {
      return sale.set({ asking: "sign_up", trouble: null, isSignedUp: false });
    }
    if (problem?.code === "ticket-invalid") {
      sale.memory.ticket = null;
      sale.set({ place: null, own: null, seen: null, hasTicket: false });
    }
    sale.set({ trouble: null });
    sale.refuse(problem, after);
  }

  /** Tries until there is a definite answer; null when something is under way already. */
  private async persist<T>(
    action: Action,
    call: () => Promise<Answer<T>>,
  ): Promise<Answer<T> | null> {
    const { sale } = this;
    if (sale.state.busy) return null;
    sale.set({ busy: action, trouble: null });
    for (let failures = 1; ; failures += 1) {
      const answer = await call();
      sale.heard(answer);
      if (!isPassing(answer)) {
        sale.set({ busy: null, trouble: null });
        return answer;
      }
      sale.set({ trouble: answer.problem ?? { code: "unavailable" } });
      await this.pause(backOff(failures, answer.retryAfterMs));
    }
  }

  /** A pause that ends when the phone is online again. */
  private pause(ms: number): Promise<void> {
    return new Promise((done) => {
      const end = () => {
        clearTimeout(timer);
        removeEventListener("online", end);
        done();
      };
      const timer = setTimeout(end, ms);
      addEventListener("online", end);
    });
  }
}
