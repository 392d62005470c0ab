// The page of one merchant: choose a voucher and an amount, confirm, and show what came of it.
//
// A payment is an errand: one key from the first send to the definite answer, also over a reload, a
// lost answer or a second tap. One that nobody answered within a minute waits for its person to say
// whether it goes on: they may have paid in cash.

import { backOff, isBlocked, isPassing, isSignedOut, type Answer, type Problem } from "../shared/api";
import type { Clock } from "../shared/clock";
import { onDo, patch } from "../shared/dom";
import { say } from "../shared/fluent";
import * as announce from "../citizen/announce";
import type { Caller } from "../citizen/caller";
import { Errands, isSpend, type End, type Watch } from "../citizen/errand";
import type { Errand, Memory } from "../citizen/memory";
import type { Move, Program, Voucher } from "../citizen/types";
import { viewOf, wonIn, type Merchant, type Spend, type State } from "./state";
import { draw } from "./view";

type Headers = Record<string, string>;
/** A move of a history, as far as a receipt needs it. */
type Past = Move & { id: string };

export class PayPage {
  readonly state: State;
  private readonly errands: Errands;
  private view = "";
  private failures = 0;

  constructor(
    private readonly main: HTMLElement,
    private readonly id: string,
    private readonly caller: Caller,
    private readonly memory: Memory,
    private readonly clock: Clock,
  ) {
    const query = new URLSearchParams(location.search);
    this.state = {
      isDev: main.dataset["dev"] === "true",
      isSignedIn: false,
      merchant: null,
      programs: [],
      vouchers: null,
      wish: null,
      chosen: query.get("voucher"),
      typed: query.get("amount_won") ?? "",
      wrong: null,
      isBusy: false,
      trouble: null,
      refusal: null,
      unfinished: null,
      isForgotten: false,
      isMissing: false,
      paid: null,
    };
    this.errands = new Errands(caller, memory, clock);
    onDo(main, {
      pay: () => this.choose(),
      confirm: () => this.confirm(),
      "go-on": () => this.goOn(),
      forget: () => this.forget(),
      back: () => this.set({ wish: null, refusal: null }),
      again: () => void this.load(),
      "pay-again": () => this.anew(),
      "virtual-person": () => void this.virtualPerson(),
    });
    // What something on the way held up: perhaps it is another network now.
    addEventListener("online", () => this.state.trouble && void this.load());
    void this.load();
  }

  private set(change: Partial<State>): void {
    Object.assign(this.state, change);
    this.draw();
  }

  private headers(): Headers | null {
    const token = this.memory.token(this.clock.known());
    this.state.isSignedIn = token != null;
    return token == null ? null : { authorization: `Bearer ${token}` };
  }

  /** Everything anew; what was under way when this page was left comes to its end first. */
  private async load(): Promise<void> {
    if (this.state.isBusy) return;
    const receipt = new URLSearchParams(location.search).get("receipt");
    const headers = this.headers();
    this.set({ refusal: null, trouble: null, wrong: null, unfinished: null, isMissing: false });
    const merchant = await this.caller.read<Merchant>(`/v1/merchants/${this.id}`);
    if (!merchant.body) return this.refused(merchant);
    this.set({ merchant: merchant.body });
    if (!headers) return;
    const { pending } = this.errands;
    if (pending) {
      return this.run((token, watch) => this.errands.settle(pending, token, watch), pending);
    }
    // Whoever asks for a receipt is never shown the form that pays.
    if (receipt) await this.readReceipt(receipt, merchant.body, headers);
    else await this.readVouchers(headers);
  }

  private async readReceipt(receipt: string, merchant: Merchant, headers: Headers): Promise<void> {
    const { chosen } = this.state;
    if (!chosen) return this.set({ isMissing: true });
    const path = `/v1/vouchers/${encodeURIComponent(chosen)}?limit=100`;
    const told = await this.caller.read<{ history: Past[] }>(path, { headers });
    if (isPassing(told) || isBlocked(told) || isSignedOut(told)) return this.refused(told);
    const spend = this.spendOf(told.body?.history ?? [], receipt);
    this.set(spend ? { paid: { spend, merchant } } : { isMissing: true });
  }

  private async readVouchers(headers: Headers): Promise<void> {
    const programs = await this.caller.read<{ programs: Program[] }>("/v1/programs");
    if (!programs.body) return this.refused(programs);
    const vouchers: Voucher[] = [];
    for (let cursor: string | null = ""; cursor != null; ) {
      type Page = { vouchers: Voucher[]; next_cursor: string | null };
      const path = `/v1/vouchers?limit=100${cursor && `&cursor=${cursor}`}`;
      const page: Answer<Page> = await this.caller.read<Page>(path, { headers });
      if (!page.body) return this.refused(page);
      vouchers.push(...page.body.vouchers);
      cursor = page.body.next_cursor;
    }
    this.failures = 0;
    this.main.dataset["connection"] = "ok";
    this.set({ programs: programs.body.programs, vouchers });
  }

  /** A payment that the address names, for who loads its receipt again. */
  private spendOf(history: Past[], id: string): Spend | null {
    const is = (it: Past) => it.kind === "spent" && it.id === id && it.merchant_id === this.id;
    const move = history.find(is);
    return move ? { ...move, voucher_id: this.state.chosen ?? "", merchant_id: this.id } : null;
  }

  private refused(answer: Answer): void {
    if (isSignedOut(answer)) {
      this.memory.dropToken();
      this.headers();
      return this.draw();
    }
    this.main.dataset["connection"] = isPassing(answer) || isBlocked(answer) ? "away" : "ok";
    this.set({ refusal: answer.problem ?? { code: "unavailable" } });
    if (!isPassing(answer)) return;
    this.failures += 1;
    setTimeout(() => void this.load(), backOff(this.failures, answer.retryAfterMs));
  }

  /** First tap: which voucher, how much. */
  private choose(): void {
    const form = this.main.querySelector<HTMLFormElement>('[data-form="pay"]');
    if (!form) return;
    const values = new FormData(form);
    const id = String(values.get("voucher") ?? "");
    const amount_won = wonIn(String(values.get("amount_won") ?? ""));
    const voucher = this.state.vouchers?.find((it) => it.id === id);
    const isTooMuch = voucher != null && (amount_won ?? 0) > voucher.balance_won;
    if (!voucher || amount_won == null || isTooMuch) {
      this.set({ chosen: id, wrong: isTooMuch ? "too-much" : "amount" });
      return this.main.querySelector<HTMLElement>("#amount")?.focus();
    }
    this.set({ chosen: id, typed: `${amount_won}`, wrong: null, wish: { voucher: id, amount_won } });
  }

  /** Second tap: pay. A third one while it is under way does nothing. */
  private confirm(): void {
    const { wish, isBusy } = this.state;
    if (!wish || isBusy) return;
    const path = `/v1/vouchers/${wish.voucher}/spends`;
    const body = { merchant_id: this.id, amount_won: wish.amount_won };
    void this.run((token, watch) => this.errands.run(path, body, token, watch), { path });
  }

  /** The payment that was asked about, unless another tab has brought it to its end. */
  private goOn(): void {
    const { pending } = this.errands;
    if (!pending || pending.key !== this.state.unfinished?.errand.key) return void this.load();
    // The same key, and confirmed just now.
    const anew = { ...pending, at: this.clock.now() };
    this.memory.errand = anew;
    void this.run((token, watch) => this.errands.settle(anew, token, watch), anew);
  }

  private forget(): void {
    // Something newer stays.
    const isIt = this.errands.pending?.key === this.state.unfinished?.errand.key;
    if (isIt) this.memory.errand = null;
    this.state.isForgotten = isIt;
    void this.load();
  }

  private async run(
    work: (token: string, watch: Watch) => Promise<End>,
    asked: Pick<Errand, "path">,
  ): Promise<void> {
    const token = this.headers()?.["authorization"]?.slice("Bearer ".length);
    if (!token || this.state.isBusy) return this.draw();
    this.set({ isBusy: true, trouble: null, refusal: null, unfinished: null, isForgotten: false });
    const end = await work(token, (trouble) => this.set({ trouble }));
    if (end.kind === "unfinished") return this.ask(end.errand);
    if (end.kind === "done" && isSpend(asked)) return this.paid(end.body as Spend);
    this.set({ isBusy: false, trouble: end.kind === "blocked" ? end.problem : null });
    if (end.kind === "refused") return this.no(end.problem);
    if (end.kind === "sign-in") {
      this.memory.dropToken();
      this.headers();
      return this.draw();
    }
    // Something else that was under way is over: now to what this page is for.
    if (end.kind === "done") await this.load();
  }

  /** Asks whether a payment of before goes on. */
  private async ask(errand: Errand): Promise<void> {
    const merchant = await this.merchantOf(String(errand.body["merchant_id"]));
    this.set({ isBusy: false, trouble: null, wish: null, unfinished: { errand, merchant } });
  }

  private async merchantOf(id: string): Promise<Merchant> {
    const { merchant } = this.state;
    if (merchant?.id === id) return merchant;
    const other = await this.caller.read<Merchant>(`/v1/merchants/${id}`);
    return other.body ?? { id, name: id, region: "", category: "", programs: [] };
  }

  private async paid(spend: Spend): Promise<void> {
    const merchant = await this.merchantOf(spend.merchant_id);
    const query = new URLSearchParams({ voucher: spend.voucher_id, receipt: spend.id });
    history.replaceState(null, "", `/pay/${spend.merchant_id}?${query}`);
    announce.say(say("page-paid-head"));
    this.set({ isBusy: false, trouble: null, paid: { spend, merchant }, wish: null });
  }

  private no(refusal: Problem): void {
    this.set({ refusal, wish: null });
  }

  /** One more payment here; of another merchant's receipt, there. */
  private anew(): void {
    location.assign(`/pay/${this.state.paid?.merchant.id ?? this.id}`);
  }

  private async virtualPerson(): Promise<void> {
    const call = { method: "POST", body: {} };
    const answer = await this.caller.act<{ token: string }>("/dev/people", call);
    if (answer.body) this.memory.keepToken(answer.body.token);
    await this.load();
  }

  private draw(): void {
    const view = viewOf(this.state);
    const isOther = view !== this.view;
    const isFirst = this.view === "" || this.view === "loading";
    this.view = view;
    this.main.dataset["view"] = view;
    patch(this.main, draw(this.state, view, this.clock.now()));
    // The button that had the focus is gone.
    if (isOther && !isFirst) this.main.querySelector<HTMLElement>("#headline")?.focus();
  }
}
