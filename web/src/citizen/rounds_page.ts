// All rounds: what is sold now, what comes next, counted down by the server's time.

import type { Answer } from "../shared/api";
import { backOff, isBlocked, isPassing } from "../shared/api";
import type { Clock } from "../shared/clock";
import { h, onDo, patch, type Child } from "../shared/dom";
import { ofBoth, say } from "../shared/fluent";
import { percent } from "../shared/format";
import type { Caller } from "./caller";
import { Looper } from "./looper";
import type { Memory } from "./memory";
import * as parts from "./parts";
import type { Program, Round } from "./types";

/** A list changes slowly. */
const LOOK_MS = 60_000;

export class RoundsPage {
  private rounds: Round[] | null = null;
  private programs: Program[] = [];
  private failures = 0;
  private problem: string | null = null;
  private isBlocked = false;
  private readonly looper = new Looper(() => this.look());

  constructor(
    private readonly main: HTMLElement,
    private readonly caller: Caller,
    private readonly memory: Memory,
    private readonly clock: Clock,
  ) {
    onDo(main, { "virtual-person": () => void this.virtualPerson() });
    addEventListener("online", () => this.looper.wake());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.looper.wake();
    });
    setInterval(() => this.draw(), 1_000);
    this.looper.wake();
  }

  private async look(): Promise<number> {
    const rounds = await this.caller.see<{ rounds: Round[] }>("/v1/rounds");
    if (rounds.isGivenUp) return 0;
    this.isBlocked = isBlocked(rounds);
    const isAway = isPassing(rounds) || this.isBlocked;
    this.failures = isAway ? this.failures + 1 : 0;
    this.main.dataset["connection"] = isAway ? "away" : "ok";
    if (rounds.body) this.rounds = rounds.body.rounds;
    if (this.programs.length === 0 && !isAway) await this.readPrograms();
    this.draw();
    return isAway ? backOff(this.failures, rounds.retryAfterMs) : LOOK_MS;
  }

  private async readPrograms(): Promise<void> {
    const answer = await this.caller.see<{ programs: Program[] }>("/v1/programs");
    if (answer.body) this.programs = answer.body.programs;
  }

  private async virtualPerson(): Promise<void> {
    const call = { method: "POST", body: {} };
    const answer: Answer<{ token: string }> = await this.caller.act("/dev/people", call);
    if (answer.body) this.memory.keepToken(answer.body.token);
    this.problem = answer.problem?.code ?? null;
    this.draw();
  }

  private draw(): void {
    if (!this.rounds || document.visibilityState !== "visible") return;
    const now = this.clock.now();
    const current = this.rounds.filter(
      (round) => round.state !== "closed" && round.state !== "draft",
    );
    const over = this.rounds.filter((round) => round.state === "closed");
    current.sort((one, other) => nextOf(one, now) - nextOf(other, now));
    const isEmpty = current.length === 0;
    patch(this.main, [
      h("h1", { id: "headline", tabindex: -1 }, say("rounds-title")),
      this.isBlocked && parts.blocked(now),
      this.person(),
      isEmpty && h("p", { class: "card" }, say("rounds-none")),
      current.map((round) => this.card(round, now)),
      over.length > 0 && [
        h("h2", { "data-key": "over" }, say("rounds-over")),
        over.map((round) => this.card(round, now)),
      ],
      h("p", { "data-key": "me" }, h("a", { class: "button full", href: "/me" }, say("to-me"))),
    ]);
    this.main.dataset["view"] = "rounds";
  }

  private person(): Child {
    if (this.memory.token(this.clock.known()))
      return h("p", { class: "soft", "data-key": "person" }, say("signed-in"));
    if (this.main.dataset["dev"] !== "true") return null;
    return h(
      "section",
      { class: "card", "data-key": "person", "data-code": this.problem },
      h("p", null, say("virtual-person-what")),
      parts.secondary("virtual-person", say("virtual-person")),
    );
  }

  private card(round: Round, now: number): HTMLElement {
    const program = this.programs.find((it) => it.id === round.program_id);
    const ahead = round.windows.find((it) => it.phase === "ahead");
    const window = round.windows.find((it) => it.phase === "open") ?? ahead ?? round.windows[0];
    const isCounted = round.state === "scheduled" || round.state === "lobby";
    return h(
      "section",
      { class: "card", "data-key": `round-${round.id}` },
      h("div", { class: "row" }, parts.badge(round.state)),
      program && h("p", { class: "soft over" }, ofBoth(program.name)),
      h("h2", null, h("a", { href: `/rounds/${round.id}` }, ofBoth(round.name))),
      program &&
        h("p", { class: "soft" }, `${say("round-discount")} ${percent(program.discount_bps)}`),
      window && h("p", null, `${parts.who(window.eligibility)} · ${parts.span(window, now)}`),
      parts.notices(round.notices, now),
      isCounted && parts.runsDownTo(ahead?.opens_at ?? null, say("round-countdown-open"), now),
    );
  }
}

/** When something happens next: what is on sale stands first. */
function nextOf(round: Round, now: number): number {
  if (round.state === "open" || round.state === "paused" || round.state === "lobby") return 0;
  const opens = round.windows.map((it) => Date.parse(it.opens_at)).filter((at) => at > now);
  return Math.min(...opens, Number.MAX_SAFE_INTEGER);
}
