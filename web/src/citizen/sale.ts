// A round as one person lives it: looks up where things stand and keeps the state that is shown.
//
// What the person does is in actions.ts; what is shown, in views. The place itself is worked out
// by docs/client.js from the document that everybody reads; the server is asked for the own
// place only where the document cannot know: after coming back, when the state changes, when the
// turn comes.

import { place as placeOf, stray, type OwnPlace } from "../../../docs/client.js";
import { backOff, isBlocked, isPassing, isSignedOut, type Answer, type Call, type Problem } from "../shared/api";
import type { Clock } from "../shared/clock";
import { expiryOf, lasting } from "../shared/storage";
import { Believer } from "./believe";
import type { Caller } from "./caller";
import { withLock } from "./lock";
import { Looper } from "./looper";
import type { Memory } from "./memory";
import { isStale, isUnderWay, opensAt, start, type State } from "./state";
import type { Limit, Program, Purchase, Round, Ticket } from "./types";

/** Who is not in line looks this often while nothing is about to happen, in milliseconds. */
const LOOK_MS = 30_000;
/** Everybody's countdown ends at once: they look over this time, in milliseconds. */
const OPENING_SPREAD_MS = 2_000;
/** Who joined together is not asked after together, in milliseconds. */
const PERSON_SPREAD_MS = 5_000;
/** How long another tab may take to hand over the pass that it has claimed, in milliseconds. */
const HANDED_MS = 1_500;
const HANDED_STEP_MS = 50;
/** How soon to ask what became of a payment on another phone, in milliseconds. */
const PAYING_MS = 2_000;
/** Without a document nothing says when to look again. */
const STILL_MS = 10_000;

/** A look that came to nothing: the next one comes after a pause. */
class Away extends Error {
  /** `isGivenUp`: by this page itself, which says nothing about the server. */
  constructor(readonly isGivenUp: boolean) {
    super();
  }
}

export class Sale {
  readonly state: State;
  readonly looper: Looper;
  private readonly believer: Believer;
  /** The other tabs of this browser on this round; null where a browser has no such thing. */
  private readonly tabs = channel();
  /** The number is behind the watermark, and still waits: the server alone knows until when. */
  private hasComeBack = false;
  private mustAsk = true;
  private hasClaimed = false;
  hasAskedPerson = false;
  private failures = 0;
  private retryAfterMs: number | null = null;

  constructor(
    readonly id: string,
    readonly caller: Caller,
    readonly memory: Memory,
    readonly clock: Clock,
    isDev: boolean,
    private readonly onChange: () => void,
  ) {
    this.state = start(isDev);
    this.believer = new Believer(id, caller, lasting);
    this.looper = new Looper(() => this.look());
    this.tabs?.addEventListener("message", ({ data }: MessageEvent<Ticket>) => {
      if (data.round_id === this.id && data.ticket === memory.ticket) this.adopt(data);
    });
    this.recall();
  }

  /** Takes up what this browser kept. */
  recall(): void {
    const { memory, state } = this;
    state.hasTicket = memory.ticket != null;
    state.seen = state.hasTicket ? memory.seen : null;
    state.isSignedIn = memory.token(this.clock.known()) != null;
    state.isLoud = memory.isLoud;
  }

  set(change: Partial<State>): void {
    Object.assign(this.state, change);
    this.onChange();
  }

  /** Looks at once, and asks the server for the own place as well. */
  refresh(): void {
    this.mustAsk = true;
    this.looper.wake();
  }

  private get path(): string {
    return `/v1/rounds/${this.id}`;
  }

  // Looking.

  /** One look; answers when to look again, in milliseconds. */
  private async look(): Promise<number> {
    let wait: number;
    try {
      wait = await this.lookOnce();
      this.failures = 0;
      this.set({ connection: this.connection() });
    } catch (error) {
      if (!(error instanceof Away)) console.error(error);
      else if (error.isGivenUp) return 0;
      this.failures += 1;
      wait = backOff(this.failures, this.retryAfterMs);
      this.set({ connection: "away" });
    }
    return wait;
  }

  private async lookOnce(): Promise<number> {
    const { state, memory } = this;
    // A place is what people come back for: it stands before the round's description.
    if (memory.ticket && this.mustAsk) await this.whereAmI();
    if (!state.round || state.document?.state !== state.round.state) await this.readRound();
    if (!state.round) return LOOK_MS;
    const isFresh = await this.readDocument();
    if (!state.program) await this.readProgram(state.round.program_id);
    if (state.place?.pass && !state.limit && state.isSignedUp !== false) await this.readLimit();
    if (!isFresh) return state.document?.poll.still_ms ?? STILL_MS;
    return this.settle();
  }

  private connection(): State["connection"] {
    const { document } = this.state;
    // An answer that was on its way when the phone went offline changes nothing about that.
    if (!navigator.onLine) return "away";
    return document && isStale(document, this.clock.now()) ? "stale" : "ok";
  }

  /** A look that goes through, or the end of this look. A problem is an answer. */
  private async see<T>(path: string, call: Call = {}): Promise<Answer<T>> {
    const answer = await this.caller.see<T>(path, call);
    if (answer.isGivenUp) throw new Away(true);
    if (!this.heard(answer)) throw new Away(false);
    return answer;
  }

  /** Every answer tells whether the server is there; so does this. */
  heard(answer: Answer): boolean {
    this.retryAfterMs = answer.retryAfterMs;
    const isTheServers = !isPassing(answer) && !isBlocked(answer);
    if (isTheServers) this.set({ heardAt: this.clock.now(), isBlocked: false });
    else if (answer.status !== 0) this.set({ isBlocked: isBlocked(answer) });
    return isTheServers;
  }

  private async readRound(): Promise<void> {
    const answer = await this.see<Round>(this.path);
    if (answer.body) this.set({ round: answer.body });
    else this.refuse(answer.problem, "join");
  }

  private async readProgram(id: string): Promise<void> {
    const answer = await this.see<Program>(`/v1/programs/${id}`);
    if (answer.body) this.set({ program: answer.body });
  }

  /** Whether there is a document that is believed; the last one stands otherwise. */
  private async readDocument(): Promise<boolean> {
    const answer = await this.see(`${this.path}/watermark`);
    if (!answer.ok) return false;
    const document = await this.believer.believed(answer.text, this.clock.now());
    const isVerified = this.believer.isVerifying;
    if (!document) {
      this.set({ isVerified });
      return false;
    }
    this.clock.learnLeast(Date.parse(document.at));
    this.set({ document, isVerified });
    return true;
  }

  /** The own place by the new document; answers when to look again. */
  private async settle(): Promise<number> {
    const { state, memory } = this;
    const { document, place } = state;
    if (!document || !memory.ticket || !place) return this.untilSomething();
    if (isUnderWay(state.purchase) && !state.attempt) {
      // Another phone pays: nobody tells this one what becomes of it.
      await this.whereAmI();
      return PAYING_MS * (0.8 + Math.random() * 0.4);
    }
    if (!isLive(place)) return document.poll.most_ms;
    if (place.state === "admitted") return this.atTurn(place, document.poll.still_ms);
    if (this.hasComeBack) return this.askAgain();
    const own = this.workOut(place);
    if (!own) return this.askAgain();
    if (own.state === "admitted") return this.claim();
    if (own.state !== place.state || isDrawn(state, place)) return this.askAfterChange(place);
    this.set({ own });
    return stray(own.poll_after_ms, document.poll);
  }

  /** The turn: claimed once; a pass that ran out in a pause is renewed when the sale goes on. */
  private async atTurn(place: Ticket, still_ms: number): Promise<number> {
    const isPaused = this.state.document?.state === "paused";
    if (place.pass || (isPaused && this.hasClaimed)) return still_ms * (0.8 + Math.random() * 0.4);
    return this.claim();
  }

  private workOut(place: Ticket): OwnPlace | null {
    const { document } = this.state;
    const among = place.number == null ? document?.lobbies : document?.lines;
    const isKnown = among?.some((it) => it.class === place.class);
    if (!document || !isKnown || place.class == null) return null;
    return placeOf(document, place.class, place.number);
  }

  /** By the document the state has changed, or the lobby was drawn: the server knows more. */
  private async askAfterChange(place: Ticket): Promise<number> {
    const { document } = this.state;
    if (document && isDrawn(this.state, place)) {
      await sleep(Math.random() * document.poll.lobby_ms);
    }
    const before = this.state.place?.state;
    await this.whereAmI();
    const now = this.state.place;
    if (now?.state === "admitted" && !now.pass) return this.claim();
    return before === now?.state ? (now?.poll_after_ms ?? STILL_MS) : 0;
  }

  private async askAgain(): Promise<number> {
    await this.whereAmI();
    const { place } = this.state;
    if (place?.state === "admitted" && !place.pass) return this.claim();
    return place?.poll_after_ms ?? STILL_MS;
  }

  /** For who is not in line: the opening of the lobby or of a window, else a calm look. */
  private untilSomething(): number {
    const now = this.clock.now();
    const { round } = this.state;
    const ahead = [round?.lobby_opens_at, opensAt(this.state)]
      .map((at) => (at ? Date.parse(at) - now : -1))
      .filter((ms) => ms > 0 && ms < LOOK_MS);
    const next = Math.min(...ahead, LOOK_MS * (0.8 + Math.random() * 0.4));
    return next + Math.random() * OPENING_SPREAD_MS;
  }

  // The own place.

  /** Asks the server for the own place. */
  async whereAmI(): Promise<void> {
    const ticket = this.memory.ticket;
    if (!ticket) return;
    const headers = { "openrun-ticket": ticket };
    const answer = await this.see<Ticket>(`${this.path}/tickets/me`, { headers });
    if (answer.body) this.adopt(answer.body);
    else if (answer.problem?.code === "ticket-invalid") this.dropTicket(answer.problem);
  }

  /** Takes over what the server says of the place. */
  adopt(answer: Ticket): void {
    const { memory, state } = this;
    const ticket = this.withPass(answer);
    this.mustAsk = false;
    if (ticket.ticket) memory.ticket = ticket.ticket;
    const isNewPass = ticket.pass != null && ticket.pass !== memory.pass;
    memory.pass = ticket.pass;
    if (ticket.class != null) memory.seen = seenAfter(state, ticket);
    if (ticket.state === "admitted" || ticket.state !== state.place?.state) state.own = null;
    // Another place than that of the purchase: the person stands in line once more.
    if (state.place && state.place.number !== ticket.number) state.purchase = null;
    // Declined on another phone: the turn goes on.
    const isElsewhere = isUnderWay(state.purchase) && !state.attempt;
    if (isElsewhere && ticket.state !== "bought") state.purchase = null;
    if (ticket.state !== "admitted") state.amount = null;
    if (state.place && state.place.number !== ticket.number) state.remaining = null;
    if (ticket.pass) this.hasComeBack = false;
    const ends = ticket.pass_expires_at ? Date.parse(ticket.pass_expires_at) : null;
    if (ends == null) state.passMs = null;
    else if (isNewPass || state.passMs == null) state.passMs = Math.max(0, ends - this.clock.now());
    this.set({ place: ticket, seen: memory.seen, hasTicket: memory.ticket != null });
    if (ticket.pass && state.round && !state.limit) void this.readLimit();
    if (isLive(ticket)) void this.readPerson();
    const isUnknown = !state.purchase || isUnderWay(state.purchase);
    if (ticket.state === "bought" && isUnknown && !state.attempt) void this.findPurchase();
  }

  /** Only joining and claiming tell the pass: where-am-I leaves the one that is held as it is. */
  private withPass(ticket: Ticket): Ticket {
    const { place } = this.state;
    const pass = this.memory.pass;
    const ends = pass == null ? null : expiryOf(pass);
    const isOther = place != null && place.number !== ticket.number;
    if (ticket.state !== "admitted" || ticket.pass || isOther) return ticket;
    if (ends == null || ends <= this.clock.now()) return ticket;
    return { ...ticket, pass, pass_expires_at: new Date(ends).toISOString() };
  }

  private dropTicket(problem: Problem): void {
    this.memory.ticket = null;
    this.memory.pass = null;
    this.set({ place: null, own: null, seen: null, hasTicket: false });
    this.refuse(problem, "claim");
  }

  /** Claims the turn: one tab does it, and hands the pass to the others. When to look again. */
  private async claim(): Promise<number> {
    return withLock(`openrun.claim.${this.id}`, async (hasWaited) => {
      for (let waited = 0; hasWaited && waited < HANDED_MS; waited += HANDED_STEP_MS) {
        if (this.state.place?.pass) return 0;
        await sleep(HANDED_STEP_MS);
      }
      if (this.state.place?.pass) return 0;
      const answer = await this.claimOnce();
      if (!this.heard(answer)) throw new Away(false);
      if (answer.body) return this.afterClaim(answer.body);
      return this.afterRefusedClaim(answer.problem);
    });
  }

  private claimOnce(): Promise<Answer<Ticket>> {
    const headers = { "openrun-ticket": this.memory.ticket ?? "" };
    return this.caller.read<Ticket>(`${this.path}/passes`, { method: "POST", headers });
  }

  private afterClaim(ticket: Ticket): number {
    this.hasComeBack = ticket.pass == null && ticket.state !== "admitted";
    this.hasClaimed = ticket.state === "admitted";
    this.adopt(ticket);
    this.set({ trouble: null });
    if (ticket.pass) this.tabs?.postMessage(ticket);
    if (ticket.pass) return 0;
    // While the sale stands still a turn has no pass that could be used: it comes afterwards.
    return Math.max(ticket.poll_after_ms, ticket.state === "admitted" ? STILL_MS / 2 : 0);
  }

  private async afterRefusedClaim(problem: Problem | null): Promise<number> {
    const wait = this.retryAfterMs ?? STILL_MS;
    if (problem?.code === "not-eligible") {
      this.refuse(problem, "claim");
      return LOOK_MS;
    }
    this.hasComeBack = problem?.code === "not-yet";
    await this.whereAmI();
    const isStill = this.state.place?.state === "admitted" && !this.state.place.pass;
    this.set({ trouble: isStill ? problem : null });
    return this.hasComeBack ? (this.state.place?.poll_after_ms ?? wait) : wait;
  }

  // What belongs to the person.

  /** The header of a signed-in person; null when nobody is. */
  authorization(): Record<string, string> | null {
    const token = this.memory.token(this.clock.known());
    if (token == null) this.set({ isSignedIn: false });
    return token == null ? null : { authorization: `Bearer ${token}` };
  }

  async readLimit(): Promise<void> {
    const headers = this.authorization();
    if (!headers) return;
    const answer = await this.caller.read<{ limits: Limit[] }>("/v1/people/me/limits", { headers });
    if (isSignedOut(answer)) this.signOut();
    const program = this.state.round?.program_id;
    const limit = answer.body?.limits.find((it) => it.program_id === program);
    if (limit) this.set({ limit, isLimitUnknown: false, isSignedUp: true });
    else if (answer.problem?.code === "not-registered") this.set({ isSignedUp: false });
    else this.set({ isLimitUnknown: true });
  }

  /** Who has to sign up learns of it while they wait, not in the time for buying. */
  async readPerson(): Promise<void> {
    if (this.hasAskedPerson) return;
    this.hasAskedPerson = true;
    if (!this.state.place?.pass) await sleep(Math.random() * PERSON_SPREAD_MS);
    const headers = this.authorization();
    if (!headers || this.state.isSignedUp != null) return;
    const answer = await this.caller.read("/v1/people/me", { headers });
    if (answer.ok) this.set({ isSignedUp: true });
    if (answer.problem?.code === "not-registered") this.set({ isSignedUp: false });
  }

  /** What was bought in this round, on this or another phone. */
  private async findPurchase(): Promise<void> {
    const headers = this.authorization();
    if (!headers) return;
    const answer = await this.caller.read<{ purchases: Purchase[] }>("/v1/purchases", { headers });
    const mine = answer.body?.purchases.filter((it) => it.round_id === this.id) ?? [];
    const bought = mine.find((it) => it.state !== "voided");
    if (bought && this.state.place?.state === "bought") this.set({ purchase: bought });
  }

  signOut(): void {
    this.memory.dropToken();
    this.set({ isSignedIn: false });
  }

  refuse(problem: Problem | null, after: NonNullable<State["refusal"]>["after"]): void {
    this.set({ refusal: { problem: problem ?? { code: "unavailable" }, after } });
  }
}

/** A browser that keeps nothing for this site may refuse the channel as well. */
function channel(): BroadcastChannel | null {
  try {
    return "BroadcastChannel" in globalThis ? new BroadcastChannel("openrun") : null;
  } catch {
    return null;
  }
}

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Whether the place may still come to something by itself. */
const isLive = (place: Ticket): boolean =>
  ["lobby", "waiting", "admitted", "standby", "sold_out"].includes(place.state);

/** Whether the lobby of a place without a number was drawn by now. */
function isDrawn(state: State, place: Ticket): boolean {
  if (place.state !== "lobby" || place.number != null) return false;
  return state.document?.lobbies?.find((it) => it.class === place.class)?.state === "drawn";
}

/** The place as it is kept for a time without the server. */
function seenAfter(state: State, ticket: Ticket) {
  const { number, ahead } = ticket;
  const isSame = state.seen?.number === number && state.seen?.class === ticket.class;
  const from = Math.max(isSame ? (state.seen?.from ?? 0) : 0, ahead ?? 0);
  return { class: ticket.class ?? "", number, from };
}
