// The vouchers of a person on their own page: what is open, what is being asked, what is under way.
// Decides nothing: whether a voucher can be cancelled, refunded or given is the server's to say.

import type { Problem } from "../shared/api";
import * as announce from "./announce";
import type { Clock } from "../shared/clock";
import { say } from "../shared/fluent";
import type { Caller } from "./caller";
import { Errands, isSpend, type End, type Watch } from "./errand";
import type { Memory } from "./memory";
import type { Move, Voucher } from "./types";

export type Ask = "cancel" | "refund" | "gift";

/** What the view draws. */
export interface VoucherState {
  all: Voucher[];
  cursor: string | null;
  /** The one whose history is shown. */
  open: { id: string; history: Move[]; cursor: string | null } | null;
  /** What the person is asked to confirm. */
  asking: Ask | null;
  isBusy: boolean;
  /** The merchant of a payment that has no definite answer: their page goes on with it. */
  unpaid: string | number | null;
  /** Why the last try said nothing. */
  trouble: Problem | null;
  refusal: Problem | null;
}

type Headers = Record<string, string>;
type Page = { vouchers: Voucher[]; next_cursor: string | null };
type OneVoucher = Voucher & { history: Move[]; next_cursor: string | null };

export class Vouchers {
  readonly state: VoucherState = {
    all: [],
    cursor: null,
    open: null,
    asking: null,
    isBusy: false,
    unpaid: null,
    trouble: null,
    refusal: null,
  };
  private readonly errands: Errands;

  constructor(
    private readonly caller: Caller,
    memory: Memory,
    clock: Clock,
    private readonly headers: () => Headers | null,
    /** Something has changed: draw, or look at everything again. */
    private readonly changed: (isOver: boolean) => void,
  ) {
    this.errands = new Errands(caller, memory, clock);
  }

  /** The first page; what was under way when this page was left goes on, but for a payment. */
  async load(headers: Headers): Promise<void> {
    this.state.all = [];
    this.state.cursor = null;
    await this.readPage(headers);
    const pending = this.errands.pending;
    const isPayment = pending && isSpend(pending);
    this.state.unpaid = isPayment ? (pending.body["merchant_id"] ?? null) : null;
    if (pending && !isPayment && !this.state.isBusy) {
      void this.run((token, watch) => this.errands.settle(pending, token, watch));
    }
  }

  async more(): Promise<void> {
    const headers = this.headers();
    if (headers && this.state.cursor) await this.readPage(headers);
    this.changed(false);
  }

  private async readPage(headers: Headers): Promise<void> {
    const before = this.state.all;
    const query = this.state.cursor ? `?cursor=${this.state.cursor}` : "";
    const answer = await this.caller.read<Page>(`/v1/vouchers${query}`, { headers });
    if (!answer.body || this.state.all !== before) return;
    this.state.all = [...before, ...answer.body.vouchers];
    this.state.cursor = answer.body.next_cursor;
  }

  /** Shows the history of one, or folds it away. */
  async open(id: string): Promise<void> {
    const { state } = this;
    const isOpen = state.open?.id === id;
    Object.assign(state, { asking: null, refusal: null, trouble: null });
    state.open = isOpen ? null : { id, history: [], cursor: null };
    this.changed(false);
    if (!isOpen) await this.older();
  }

  /** The next page of the history that is open. */
  async older(): Promise<void> {
    const [headers, open] = [this.headers(), this.state.open];
    if (!headers || !open) return;
    const query = open.cursor ? `?cursor=${open.cursor}` : "";
    const path = `/v1/vouchers/${open.id}${query}`;
    const answer = await this.caller.read<OneVoucher>(path, { headers });
    if (this.state.open !== open) return;
    if (answer.body) {
      const { history, next_cursor: cursor } = answer.body;
      this.state.open = { id: open.id, history: [...open.history, ...history], cursor };
    } else {
      this.state.trouble = answer.problem ?? { code: "unavailable" };
    }
    this.changed(false);
  }

  ask(what: Ask | null): void {
    Object.assign(this.state, { asking: what, refusal: null });
    this.changed(false);
  }

  /** What was asked is confirmed. */
  confirm(gift: { to_person: string; amount_won: number } | null): void {
    const { state } = this;
    const voucher = state.all.find((it) => it.id === state.open?.id);
    if (!voucher || !state.asking || state.isBusy) return;
    const path = {
      cancel: `/v1/purchases/${voucher.purchase_id}/cancel`,
      refund: `/v1/vouchers/${voucher.id}/refund`,
      gift: `/v1/vouchers/${voucher.id}/gifts`,
    }[state.asking];
    void this.run((token, watch) => this.errands.run(path, gift ?? {}, token, watch));
  }

  private async run(work: (token: string, watch: Watch) => Promise<End>): Promise<void> {
    const token = this.headers()?.["authorization"]?.slice("Bearer ".length);
    if (!token) return;
    Object.assign(this.state, { isBusy: true, refusal: null, trouble: null });
    this.changed(false);
    const end = await work(token, (trouble) => {
      this.state.trouble = trouble;
      this.changed(false);
    });
    const refusal = end.kind === "refused" || end.kind === "blocked" ? end.problem : null;
    Object.assign(this.state, { isBusy: false, asking: null, trouble: null, refusal });
    if (end.kind === "done") {
      this.state.open = null;
      announce.say(say("voucher-done"));
    }
    this.changed(refusal == null);
  }
}
