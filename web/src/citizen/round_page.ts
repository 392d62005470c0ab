// The page of one round: draws the state, tells what changed, hands taps to the actions.

import { h, onDo, patch, type Child } from "../shared/dom";
import { ofBoth, say } from "../shared/fluent";
import type { Clock } from "../shared/clock";
import { Actions } from "./actions";
import * as announce from "./announce";
import type { Caller } from "./caller";
import type { Memory } from "./memory";
import * as parts from "./parts";
import { Sale } from "./sale";
import { aheadOf, viewOf, type State, type View } from "./state";
import { Teller } from "./teller";
import * as turn from "./turn";
import * as buy from "./view_buy";
import * as end from "./view_end";
import * as line from "./view_line";

type Draw = (state: State, now: number) => Child[];

const VIEWS: Record<View, Draw> = {
  round: line.round,
  lobby: line.lobby,
  waiting: line.waiting,
  standby: line.standby,
  admitted: buy.admitted,
  buying: buy.buying,
  paying: buy.paying,
  bought: buy.bought,
  refused: buy.refused,
  sold_out: end.soldOut,
  closed: end.closed,
  lapsed: end.lapsed,
  left: end.left,
  sign_in: end.signIn,
  sign_up: end.signUp,
};
/** Views in which the phone is better kept awake, when that is wanted. */
const AWAKE: View[] = ["lobby", "waiting", "standby", "admitted", "buying"];
const TICK_MS = 1_000;

export class RoundPage {
  private readonly sale: Sale;
  private readonly actions: Actions;
  private readonly teller = new Teller();
  /** As the server wrote it. */
  private readonly name: string;
  private view: View | null = null;
  private isDrawing = false;
  private expiredPass: string | null = null;
  /** The turn has come, and the buttons to buy have not been drawn yet. */
  private isFocusDue = false;

  constructor(
    private readonly main: HTMLElement,
    id: string,
    caller: Caller,
    memory: Memory,
    private readonly clock: Clock,
  ) {
    this.name = main.querySelector("h1")?.textContent ?? say("name");
    const isDev = main.dataset["dev"] === "true";
    this.sale = new Sale(id, caller, memory, clock, isDev, () => this.drawSoon());
    this.actions = new Actions(this.sale, announce.say);
    this.listen();
    this.sale.looper.wake();
    // What was begun before a reload goes on after it, once the place is known.
    if (memory.attempt)
      void this.sale
        .whereAmI()
        .catch(() => undefined)
        .then(() => this.actions.resume());
  }

  private listen(): void {
    const { actions, sale } = this;
    onDo(this.main, {
      join: () => void actions.join(),
      leave: () => this.askToLeave(),
      confirm: () => void actions.confirm(this.view),
      back: () => this.back(),
      again: () => void actions.again(),
      buy: (control) => this.choose(control),
      story: () => void actions.story(),
      sound: () => this.toggleSound(),
      "sign-up": () => void this.signUp(),
      "virtual-person": () => void actions.virtualPerson(),
    });
    addEventListener("online", () => {
      sale.refresh();
      // A purchase that something on the way held up: perhaps it is another network now.
      void actions.resume();
    });
    addEventListener("offline", () => sale.set({ connection: "away" }));
    addEventListener("pageshow", (event) => event.persisted && sale.refresh());
    document.addEventListener("visibilitychange", () => this.onSeen());
    addEventListener("storage", (event) => this.onOtherTab(event));
    addEventListener("pointerdown", () => sale.state.isLoud && turn.allowSound(), { once: true });
    setInterval(() => this.tick(), TICK_MS);
  }

  private onSeen(): void {
    if (document.visibilityState === "visible") this.sale.refresh();
    this.keepAwake();
  }

  private onOtherTab(event: StorageEvent): void {
    if (!this.sale.memory.concerns(event.key)) return;
    this.sale.recall();
    this.drawSoon();
    this.sale.refresh();
    void this.actions.resume();
  }

  // Controls.

  private askToLeave(): void {
    this.actions.askToLeave();
    this.draw();
    this.focus("#leave-title");
  }

  private back(): void {
    const wasLeaving = this.sale.state.asking === "leave";
    this.actions.back();
    this.draw();
    if (wasLeaving) this.focus('[data-do="leave"]');
  }

  private choose(control: HTMLElement): void {
    const isTyped = "typed" in control.dataset;
    const typed = this.main.querySelector<HTMLInputElement>("#other")?.value ?? "";
    this.actions.choose(isTyped ? typed : (control.dataset["won"] ?? ""), isTyped);
    this.draw();
    if (this.sale.state.isAmountWrong) this.focus("#other");
  }

  /** The form when it is not there yet, else what stands in it. */
  private async signUp(): Promise<void> {
    if (this.view !== "sign_up") return this.actions.askToSignUp();
    const account = this.main.querySelector<HTMLInputElement>("#account")?.value.trim() ?? "";
    const hasAccepted = this.main.querySelector<HTMLInputElement>("#terms")?.checked ?? false;
    await this.actions.signUp({ account, hasAccepted });
    if (this.sale.state.wrong) {
      this.draw();
      this.focus(`#${this.sale.state.wrong}`);
    }
  }

  private toggleSound(): void {
    const isLoud = !this.sale.state.isLoud;
    this.sale.memory.isLoud = isLoud;
    this.sale.set({ isLoud });
    if (isLoud) {
      turn.allowSound();
      turn.ring(true);
    }
    this.keepAwake();
  }

  private keepAwake(): void {
    const isWanted = this.sale.state.isLoud && this.view != null && AWAKE.includes(this.view);
    void turn.keepAwake(isWanted);
  }

  // Drawing.

  private tick(): void {
    const { place } = this.sale.state;
    const ends = place?.pass_expires_at;
    const isOver = ends != null && Date.parse(ends) <= this.clock.now();
    if (isOver && place?.pass !== this.expiredPass) {
      this.expiredPass = place?.pass ?? null;
      this.sale.refresh();
    }
    if (document.visibilityState === "visible") this.draw();
    this.teller.tick(this.sale.state, this.clock.now());
  }

  /** Many changes in one turn of the browser are one drawing. */
  private drawSoon(): void {
    if (this.isDrawing) return;
    this.isDrawing = true;
    queueMicrotask(() => {
      this.isDrawing = false;
      this.draw();
    });
  }

  private draw(): void {
    const { main } = this;
    const { state } = this.sale;
    // Until the first answer what the server wrote stands.
    const isAway = state.connection === "away" && state.seen != null;
    if (!state.round && !state.refusal && !isAway) return this.mark();
    const now = this.clock.now();
    const view = viewOf(state);
    const hadFocus =
      main.contains(document.activeElement) || document.activeElement === document.body;
    patch(main, [this.head(), ...VIEWS[view](state, now), this.foot()]);
    main.dataset["view"] = view;
    this.mark();
    document.title = titleOf(state, view);
    if (view !== this.view) this.changed(view, hadFocus);
    if (this.isFocusDue) this.focusOnBuying();
    this.teller.state(state, view);
  }

  private mark(): void {
    this.main.dataset["connection"] = this.sale.state.connection;
  }

  private head(): Child {
    const { state } = this.sale;
    const now = this.clock.now();
    const notices = state.document?.notices ?? state.round?.notices ?? [];
    return [
      parts.programName(state.program),
      h("h1", { "data-key": "name" }, state.round ? ofBoth(state.round.name) : this.name),
      parts.connection(state, now),
      parts.interruption(state),
      parts.notices(notices, now),
      suspensions(state),
    ];
  }

  private foot(): Child {
    const isUnverified = this.sale.state.isVerified === false;
    return (
      isUnverified && h("p", { class: "soft small", "data-key": "unverified" }, say("unverified"))
    );
  }

  private changed(view: View, hadFocus: boolean): void {
    const before = this.view;
    this.view = view;
    this.keepAwake();
    if (view === "admitted" && before !== "buying" && before !== "refused") {
      this.isFocusDue = before != null;
    }
    if (view !== "admitted" && view !== "buying") announce.quiet();
    if (before != null && hadFocus && !this.isFocusDue) this.focus("#headline");
  }

  /** The turn: title, sound, vibration, a voice, and the focus on what to do. */
  private focusOnBuying(): void {
    const button = this.main.querySelector<HTMLElement>('[data-do="buy"]');
    if (!button || this.view !== "admitted") return;
    this.isFocusDue = false;
    announce.call(say("heard-turn"));
    turn.ring(this.sale.state.isLoud);
    button.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  private focus(selector: string): void {
    this.main.querySelector<HTMLElement>(selector)?.focus();
  }
}

function suspensions(state: State): Child {
  if (state.isSignedUp) return null;
  const signUp = state.round?.suspensions.filter((it) => it.feature === "sign_up") ?? [];
  return signUp.map((it) =>
    h(
      "div",
      { class: "notice warn", "data-key": `suspended-${it.feature}`, "data-code": "suspended" },
      h("p", null, ofBoth(it.message)),
    ),
  );
}

function titleOf(state: State, view: View): string {
  const name = state.round ? ofBoth(state.round.name) : say("name");
  const ahead = aheadOf(state);
  if (view === "admitted" || view === "buying") return `${say("title-turn")} · ${name}`;
  if (view === "waiting" && ahead != null)
    return `${say("title-ahead", { count: ahead })} · ${name}`;
  return `${name} · ${say("name")}`;
}
