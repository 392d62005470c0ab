// The server's time, never the phone's: a phone may be minutes off, and whoever sets its clock
// must not see another countdown.
//
// Each answer bounds it from both sides: the server stamped it between asking and hearing. The
// bounds of all answers together leave an ever smaller span. Time runs on by a clock that nobody
// can set; when that one slept with the phone the bounds contradict each other, and begin anew.

/** Milliseconds that only ever go forward. */
export type Ticks = () => number;

export class Clock {
  private least = -Infinity;
  private most = Infinity;

  constructor(private readonly ticks: Ticks = () => performance.now()) {}

  /** Whether anything is known. */
  get isSet(): boolean {
    return this.least > -Infinity;
  }

  /** The server's time in milliseconds since 1970. Before anything is known, the phone's. */
  now(): number {
    if (!this.isSet) return Date.now();
    const offset = this.most < Infinity ? (this.least + this.most) / 2 : this.least;
    return this.ticks() + offset;
  }

  /** The server's time, or 0 before it is known: for what must not end by the phone's clock. */
  known(): number {
    return this.isSet ? this.now() : 0;
  }

  /** When a call is sent: to be handed to `learn`. */
  mark(): number {
    return this.ticks();
  }

  /** An answer whose `Date` said `dateMs`, whole seconds, to a call that was sent at `sent`. */
  learn(dateMs: number, sent: number): void {
    this.narrow(dateMs - this.ticks(), dateMs + 1_000 - sent);
  }

  /** Something that the server made at `atMs` is here: it is that late at least. */
  learnLeast(atMs: number): void {
    this.narrow(atMs - this.ticks(), Infinity);
  }

  private narrow(least: number, most: number): void {
    const [low, high] = [Math.max(this.least, least), Math.min(this.most, most)];
    const isPossible = low <= high;
    this.least = isPossible ? low : least;
    this.most = isPossible ? high : most;
  }
}
