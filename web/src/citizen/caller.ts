// One request at a time: a phone with one bar has no room for two. What the person does goes before
// what the page looks up: a look that is under way is given up for it.

import { ask, type Answer, type Call } from "../shared/api";
import type { Clock } from "../shared/clock";
import { language } from "../shared/fluent";

export class Caller {
  private last: Promise<unknown> = Promise.resolve();
  private look: AbortController | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly send: typeof ask = ask,
  ) {}

  /** What the person asked for. */
  act<T>(path: string, call: Call): Promise<Answer<T>> {
    this.look?.abort();
    return this.next(() => this.one<T>(path, call));
  }

  /** What the page needs for what it shows now: takes its turn, and is not given up. */
  read<T>(path: string, call: Call = {}): Promise<Answer<T>> {
    return this.next(() => this.one<T>(path, call));
  }

  /** What the page wants to know: given up when the person does something. */
  see<T>(path: string, call: Call = {}): Promise<Answer<T>> {
    return this.next(async () => {
      const look = new AbortController();
      this.look = look;
      const answer = await this.one<T>(path, { ...call, signal: look.signal });
      if (this.look === look) this.look = null;
      return answer;
    });
  }

  private next<T>(task: () => Promise<T>): Promise<T> {
    const result = this.last.then(task, task);
    this.last = result;
    return result;
  }

  private async one<T>(path: string, call: Call): Promise<Answer<T>> {
    const sent = this.clock.mark();
    const headers = { "accept-language": language, ...call.headers };
    const answer = await this.send<T>(path, { ...call, headers });
    // A cache that says how old its copy is answers with a time that has passed.
    if (answer.dateMs != null && answer.header("age") == null) {
      this.clock.learn(answer.dateMs, sent);
    }
    return answer;
  }
}
