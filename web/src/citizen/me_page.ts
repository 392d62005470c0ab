// What the person bought, holds and may still buy.

import { isBlocked, isPassing, isSignedOut, type Answer, type Problem } from "../shared/api";
import type { Clock } from "../shared/clock";
import { h, onDo, patch, type Child } from "../shared/dom";
import { ofBoth, say } from "../shared/fluent";
import { longMoment, won } from "../shared/format";
import type { Caller } from "./caller";
import type { Memory } from "./memory";
import * as parts from "./parts";
import { inWords } from "./refusals";
import type { Limit, Program, Purchase } from "./types";
import { vouchers } from "./view_voucher";
import { Vouchers } from "./vouchers";

export class MePage {
  private programs: Program[] = [];
  private limits: Limit[] = [];
  private purchases: Purchase[] | null = null;
  private readonly vouchers: Vouchers;
  private cursor: string | null = null;
  private problem: Problem | null = null;
  private isAsking = false;

  constructor(
    private readonly main: HTMLElement,
    private readonly caller: Caller,
    private readonly memory: Memory,
    private readonly clock: Clock,
  ) {
    const headers = () => this.headers();
    const changed = (isOver: boolean) => (isOver ? void this.load() : this.draw());
    this.vouchers = new Vouchers(caller, memory, clock, headers, changed);
    onDo(main, {
      again: () => void this.load(),
      more: () => void this.more(),
      "more-vouchers": () => void this.vouchers.more(),
      voucher: (control) => void this.vouchers.open(control.dataset["id"] ?? ""),
      older: () => void this.vouchers.older(),
      cancel: () => this.vouchers.ask("cancel"),
      refund: () => this.vouchers.ask("refund"),
      gift: () => this.vouchers.ask("gift"),
      back: () => this.vouchers.ask(null),
      confirm: () => this.vouchers.confirm(null),
      give: () => this.give(),
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
    await this.vouchers.load(headers);
    this.draw();
  }

  /** A gift as it was typed in; what is missing or no number is pointed out by the browser. */
  private give(): void {
    const form = this.main.querySelector<HTMLFormElement>('[data-form="gift"]');
    const typed = (name: string) =>
      form?.querySelector<HTMLInputElement>(`[name="${name}"]`)?.value.trim() ?? "";
    const amount_won = Number(typed("gift").replace(/[,\s]/g, ""));
    if (!form?.reportValidity() || !Number.isSafeInteger(amount_won)) return;
    this.vouchers.confirm({ to_person: typed("to"), amount_won });
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
    if (isSignedOut(answer)) this.memory.dropToken();
    this.problem = answer.problem ?? { code: "unavailable" };
    this.main.dataset["connection"] = isPassing(answer) || isBlocked(answer) ? "away" : "ok";
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
    const nameOf = (program: string) => this.nameOf(program);
    return [
      this.trouble(),
      this.limitCards(),
      vouchers(this.vouchers.state, nameOf, this.clock.now()),
      this.purchaseCard(),
    ];
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
}
