// What is told to who hears the page: only what changes what they would do. The ticking figures are
// never read out on their own.

import { say } from "../shared/fluent";
import { inWords } from "../shared/format";
import * as announce from "./announce";
import { aheadOf, type State, type View } from "./state";
import { etaOf, outlookOf } from "./view_line";
import { ofBoth } from "../shared/fluent";

/** The place in line is told when so much of it is left, of what was told before. */
const TOLD_AGAIN = 0.5;

export class Teller {
  private connection: State["connection"] = "ok";
  private outlook: string | null = null;
  private ahead: number | null = null;
  private notices: Set<string> | null = null;
  /** Which pass was told about, and what of it. */
  private told = { pass: "", isHalf: false, isMinute: false };

  state(state: State, view: View): void {
    this.tellConnection(state);
    this.tellNotices(state);
    if (view === "waiting" || view === "standby") this.tellLine(state);
  }

  private tellConnection(state: State): void {
    const before = this.connection;
    this.connection = state.connection;
    if (before === state.connection) return;
    if (state.connection === "away") announce.say(say("heard-away"));
    if (before === "away" && state.connection === "ok") announce.say(say("heard-back"));
  }

  private tellNotices(state: State): void {
    const all = state.document?.notices;
    if (!all) return;
    const before = this.notices;
    this.notices = new Set(all.map((notice) => notice.id));
    const fresh = before && all.find((notice) => !before.has(notice.id));
    if (fresh) announce.say(say("heard-notice", { text: ofBoth(fresh.message) }));
  }

  private tellLine(state: State): void {
    const outlook = outlookOf(state);
    if (outlook && this.outlook && outlook !== this.outlook) {
      const values = { outlook: say(`outlook-${outlook}`), do: say(`outlook-${outlook}-do`) };
      announce.say(say("heard-outlook", values));
    }
    this.outlook = outlook ?? this.outlook;
    const ahead = aheadOf(state);
    if (ahead == null || (this.ahead != null && ahead > this.ahead * TOLD_AGAIN)) return;
    this.ahead = ahead;
    announce.say(say("heard-ahead", { count: ahead, eta: etaOf(state) }));
  }

  /** The time of the pass: told at half of it, and when a minute is left. */
  tick(state: State, now: number): void {
    const { place, passMs } = state;
    if (!place?.pass || !place.pass_expires_at || passMs == null) return;
    if (this.told.pass !== place.pass)
      this.told = { pass: place.pass, isHalf: false, isMinute: false };
    const left = Date.parse(place.pass_expires_at) - now;
    if (left <= 0 || state.purchase || state.attempt) return;
    if (left <= 60_000 && !this.told.isMinute && passMs > 60_000) {
      this.told = { ...this.told, isHalf: true, isMinute: true };
      announce.say(say("heard-minute"));
    } else if (left <= passMs / 2 && !this.told.isHalf) {
      this.told.isHalf = true;
      announce.say(say("heard-half", { left: inWords(left) }));
    }
  }
}
