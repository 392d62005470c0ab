// What this browser keeps for its person: token, ticket, pass, the key of a purchase under way, and
// the last place that was seen. Everything else is the server's.
//
// A ticket is only ever replaced by what the server answers, so that a reload, a crash or another
// tab never loses a place.

import { claimsOf, expiryOf, lasting, ofTab, type Store } from "../shared/storage";

const TOKEN = "openrun.token";
/** Whose things are kept: outlives the token. */
const PERSON = "openrun.person";
const PERSONAL = /^openrun\.(ticket|pass|key|place|errand)\b/;
const ERRAND = "openrun.errand";

/** A purchase that has no definite answer yet. */
export interface Attempt {
  key: string;
  amount_won: number;
  /** A tab that was closed takes its pass along: the purchase needs it all the same. */
  pass?: string;
  /** Known once the server answered 202. */
  purchase?: string;
}

/** Something asked of a voucher that has no definite answer yet. */
export interface Errand {
  key: string;
  path: string;
  body: Record<string, string | number>;
  /** When the person last asked for it: milliseconds, the server's time. */
  at?: number;
}

/** The last place that was seen: shown while the server cannot be reached. */
export interface Seen {
  class: string;
  number: number | null;
  /** How many were ahead when the place was new: the start of the progress line. */
  from: number;
}

export class Memory {
  constructor(
    private readonly round: string,
    private readonly long: Store = lasting,
    private readonly short: Store = ofTab,
  ) {}

  /** The token, unless it has expired by `now` (milliseconds, the server's time). */
  token(now: number): string | null {
    const token = this.short.get(TOKEN) ?? this.long.get(TOKEN);
    if (token == null) return null;
    const expiry = expiryOf(token);
    if (expiry == null || expiry > now) return token;
    this.dropToken();
    const other = this.long.get(TOKEN);
    if (other == null || other === token) return null;
    // Another tab has signed in since: perhaps somebody else, whose pass is not this tab's.
    if (personOf(other) !== personOf(token)) forget(this.short);
    return this.token(now);
  }

  /** Whether a token is of who is known here: a newer one makes nobody somebody else. */
  isOwn(token: string): boolean {
    const person = personOf(token);
    const ofThisTab = this.short.get(TOKEN);
    const isOfTab = ofThisTab == null || personOf(ofThisTab) === person;
    return person != null && isOfTab && person === this.long.get(PERSON);
  }

  /** Whether somebody is signed in here. */
  get isTaken(): boolean {
    return (this.short.get(TOKEN) ?? this.long.get(TOKEN)) != null;
  }

  /** Keeps a token. One of another person takes everything of the last person away. */
  keepToken(token: string): void {
    const person = personOf(token);
    const ofThisTab = this.short.get(TOKEN);
    const isOther = (former: string | null) => former != null && personOf(former) !== person;
    // The token may have run out long ago: what its person left here is theirs all the same.
    const kept = this.long.get(PERSON);
    const isKeptOther = kept != null ? kept !== person : isOther(this.long.get(TOKEN) ?? ofThisTab);
    if (isKeptOther) forget(this.long);
    if (isKeptOther || isOther(ofThisTab)) forget(this.short);
    write(this.long, PERSON, person);
    this.long.set(TOKEN, token);
    this.short.set(TOKEN, token);
  }

  /** Drops the token of this tab. One that another tab has kept since stays. */
  dropToken(): void {
    const ofThisTab = this.short.get(TOKEN);
    if (ofThisTab == null || ofThisTab === this.long.get(TOKEN)) this.long.remove(TOKEN);
    this.short.remove(TOKEN);
  }

  get ticket(): string | null {
    return this.long.get(`openrun.ticket.${this.round}`);
  }

  set ticket(ticket: string | null) {
    write(this.long, `openrun.ticket.${this.round}`, ticket);
  }

  get pass(): string | null {
    return this.short.get(`openrun.pass.${this.round}`);
  }

  set pass(pass: string | null) {
    write(this.short, `openrun.pass.${this.round}`, pass);
  }

  get attempt(): Attempt | null {
    return read<Attempt>(
      this.long,
      `openrun.key.${this.round}`,
      (it) => typeof it.key === "string",
    );
  }

  set attempt(attempt: Attempt | null) {
    write(this.long, `openrun.key.${this.round}`, attempt && JSON.stringify(attempt));
  }

  get errand(): Errand | null {
    const isIt = (it: Errand) => typeof it.key === "string" && typeof it.path === "string";
    return read<Errand>(this.long, ERRAND, isIt);
  }

  set errand(errand: Errand | null) {
    write(this.long, ERRAND, errand && JSON.stringify(errand));
  }

  get seen(): Seen | null {
    return read<Seen>(
      this.long,
      `openrun.place.${this.round}`,
      (it) => typeof it.class === "string",
    );
  }

  set seen(seen: Seen | null) {
    write(this.long, `openrun.place.${this.round}`, seen && JSON.stringify(seen));
  }

  get isLoud(): boolean {
    return this.short.get("openrun.sound") === "on";
  }

  set isLoud(isLoud: boolean) {
    write(this.short, "openrun.sound", isLoud ? "on" : null);
  }

  /** Tells the other tabs that something has changed: they look at once. */
  tell(what: string): void {
    this.long.set(`openrun.changed.${this.round}`, `${what} ${Date.now()}`);
  }

  /** Whether a storage event is about this round or its person. */
  concerns(key: string | null): boolean {
    if (key == null || key === TOKEN) return true;
    return ["ticket", "key", "changed"].some((it) => key === `openrun.${it}.${this.round}`);
  }
}

function personOf(token: string): string | null {
  const person = claimsOf(token)?.["sub"];
  return typeof person === "string" ? person : null;
}

/** Of all rounds: nothing of the last person stays for the next one. */
function forget(store: Store): void {
  const personal = store.keys().filter((key) => PERSONAL.test(key));
  for (const key of personal) store.remove(key);
}

function write(store: Store, key: string, value: string | null): void {
  if (value == null) store.remove(key);
  else store.set(key, value);
}

function read<T>(store: Store, key: string, isIt: (value: T) => boolean): T | null {
  try {
    const value = JSON.parse(store.get(key) ?? "null") as T | null;
    return value != null && isIt(value) ? value : null;
  } catch {
    return null;
  }
}

/** A key that nobody else has: 32 hexadecimal digits. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
