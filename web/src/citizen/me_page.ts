// What the person bought, holds and may still buy.

import { isPassing, type Answer, type Problem } from "../shared/api";
import type { Clock } from "../shared/clock";
import { h, onDo, patch, type Child } from "../shared/dom";
import { ofBoth, say } from "../shared/fluent";
import { longMoment, won } from "../shared/format";
import type { Caller } from "./caller";
import type { Memory } from "./memory";
import * as parts from "./parts";
import { inWords } from "./refusals";
import type { Limit, Program, Purchase, Voucher } from "./types";

export class MePage {
  private programs: Program[] = [];
  private limits: Limit[] = [];
  private purchases: Purchase[] | null = null;
  private vouchers: Voucher[] = [];
  private cursor: string | null = null;
  private problem: Problem | null = null;
  private isAsking = false;

  constructor(
    private readonly main: HTMLElement,
    private readonly caller: Caller,
    private readonly memory: Memory,
    private readonly clock: Clock,
  ) {
    onDo(main, {
      again: () => void this.load(),
      more: () => void this.more(),
      "virtual-person": () => void this.virtualPerson(),
    });
    void this.load();
  }

  private headers(): Record<string, string> | null {
    const token = this.memory.token(this.clock.known());
    return token == null ? null : { authorization: `Bearer ${token}` };
  }

  private async load(): Promise<void> {
    const headers = this.headers();
    this.problem = null;
    if (!headers) return this.draw();
    const limits = await this.caller.read<{ limits: Limit[] }>("/v1/people/me/limits", { headers });
    if (!limits.body) return this.refused(limits);
    this.limits = limits.body.limits;
    const programs = await this.caller.read<{ programs: Program[] }>("/v1/programs");
    this.programs = programs.body?.programs ?? [];
    this.purchases = [];
    this.cursor = null;
    await this.readPage(headers);
    // Not every server has vouchers to show.
    const vouchers = await this.caller.read<{ vouchers: Voucher[] }>("/v1/vouchers", { headers });
    this.vouchers = vouchers.body?.vouchers ?? [];
    this.draw();
  }

  /** The next page, once: a second tap asks for nothing. */
  private async more(): Promise<void> {
    if (this.isAsking) return;
    const headers = this.headers();
    if (!headers) return this.draw();
    this.isAsking = true;
    try {
      await this.readPage(headers);
    } finally {
      this.isAsking = false;
    }
  }

  private async readPage(headers: Record<string, string>): Promise<void> {
    const before = this.purchases;
    const query = this.cursor ? `?cursor=${this.cursor}` : "";
    type Page = { purchases: Purchase[]; next_cursor: string | null };
    const answer = await this.caller.read<Page>(`/v1/purchases${query}`, { headers });
    // Another page has come meanwhile, or the list has begun anew.
    if (this.purchases !== before) return;
    if (!answer.body) return this.refused(answer);
    this.purchases = [...(this.purchases ?? []), ...answer.body.purchases];
    this.cursor = answer.body.next_cursor;
    this.draw();
  }

  private refused(answer: Answer): void {
    if (answer.status === 401) this.memory.dropToken();
    this.problem = answer.problem ?? { code: "unavailable" };
    this.main.dataset["connection"] = isPassing(answer) ? "away" : "ok";
    this.draw();
  }

  private async virtualPerson(): Promise<void> {
    const call = { method: "POST", body: {} };
    const answer = await this.caller.act<{ token: string }>("/dev/people", call);
    if (answer.body) this.memory.keepToken(answer.body.token);
    await this.load();
  }

  private draw(): void {
    const isSignedIn = this.headers() != null;
    this.main.dataset["view"] = isSignedIn ? "me" : "sign_in";
    patch(this.main, [
      h("h1", { id: "headline", tabindex: -1 }, say("me-title")),
      isSignedIn ? this.mine() : this.signIn(),
      h("p", null, h("a", { class: "button full", href: "/" }, say("to-rounds"))),
    ]);
  }

  private signIn(): Child {
    const isDev = this.main.dataset["dev"] === "true";
    return h(
      "section",
      { class: "card" },
      h("h2", null, say("sign_in-title")),
      h("p", null, say("sign_in-text")),
      isDev && parts.primary("virtual-person", say("virtual-person")),
    );
  }

  private mine(): Child[] {
    return [this.trouble(), this.limitCards(), this.purchaseCard(), this.voucherCard()];
  }

  private trouble(): Child {
    if (!this.problem) return null;
    const { title, next } = inWords(this.problem, this.clock.now());
    return h(
      "section",
      { class: "card", "data-code": this.problem.code },
      h("h2", null, title),
      h("p", null, next),
      parts.secondary("again", say("again")),
    );
  }

  private nameOf(program_id: string): string {
    const program = this.programs.find((it) => it.id === program_id);
    return program ? ofBoth(program.name) : program_id;
  }

  private limitCards(): Child {
    return this.limits.map((limit) =>
      h(
        "section",
        { class: "card", "data-key": `limit-${limit.program_id}` },
        h("p", { class: "soft over" }, this.nameOf(limit.program_id)),
        h("h2", null, say("me-limits")),
        parts.figures(
          ["allowance", say("allowance"), won(limit.allowance_won)],
          ["used", say("me-month", { month: limit.month }), won(limit.used_won)],
          ["held", say("me-held"), limit.held_won > 0 && won(limit.held_won)],
          ["room", say("me-room"), won(limit.room_won)],
        ),
      ),
    );
  }

  private purchaseCard(): Child {
    if (!this.purchases) return this.problem ? null : h("p", { class: "soft" }, say("loading"));
    const rows = this.purchases.map((purchase) =>
      h(
        "li",
        { "data-key": purchase.id },
        h("strong", null, won(purchase.amount_won)),
        ` · ${say(`me-state-${purchase.state}`)}`,
        h("br"),
        `${this.nameOf(purchase.program_id)} · ${say("price-paid")} ${won(purchase.price_won)}`,
        h("br"),
        h("small", null, longMoment(purchase.created_at)),
      ),
    );
    return h(
      "section",
      { class: "card", "data-key": "purchases" },
      h("h2", null, say("me-purchases")),
      rows.length > 0
        ? h("ul", { class: "bare" }, rows)
        : h("p", { class: "soft" }, say("me-none")),
      this.cursor && parts.secondary("more", say("me-more")),
    );
  }

  private voucherCard(): Child {
    if (this.vouchers.length === 0) return null;
    const rows = this.vouchers.map((voucher) =>
      h(
        "li",
        { "data-key": voucher.id },
        h("strong", null, `${say("me-balance")} ${won(voucher.balance_won)}`),
        h("br"),
        this.nameOf(voucher.program_id),
        h("br"),
        h("small", { class: "number" }, voucher.id),
      ),
    );
    return h(
      "section",
      { class: "card", "data-key": "vouchers" },
      h("h2", null, say("me-vouchers")),
      h("ul", { class: "bare" }, rows),
    );
  }
}
