// Looks again and again, as told: after each look, when that look said so. `wake` looks at once,
// but never more than once a second, however often a phone comes and goes.

const LEAST_MS = 1_000;

export class Looper {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isLooking = false;
  private isWoken = false;
  private lookedAt = -Infinity;

  /** `look` answers with the milliseconds until the next one, and never throws. */
  constructor(
    private readonly look: () => Promise<number>,
    private readonly ticks: () => number = () => performance.now(),
  ) {}

  wake(): void {
    if (this.isLooking) {
      this.isWoken = true;
      return;
    }
    this.after(Math.max(0, this.lookedAt + LEAST_MS - this.ticks()));
  }

  stop(): void {
    clearTimeout(this.timer);
    this.isLooking = true;
  }

  private after(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.once(), ms);
  }

  private async once(): Promise<void> {
    this.isLooking = true;
    this.isWoken = false;
    this.lookedAt = this.ticks();
    const wait = await this.look();
    this.isLooking = false;
    this.after(this.isWoken ? LEAST_MS : Math.max(LEAST_MS, wait));
  }
}
