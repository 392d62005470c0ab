// What this browser keeps for its person: token, ticket, pass, the key of a purchase under way, and
// the last place that was seen. Everything else is the server's.
//
// A ticket is only ever replaced by what the server answers, so that a reload, a crash or another
// tab never loses a place.

import { claimsOf, expiryOf, lasting, ofTab, type Store } from "../shared/storage";

const TOKEN = "openrun.token";
const PERSONAL = /^openrun\.(ticket|pass|key|place)\./;

/** A purchase that has no definite answer yet. */
export interface Attempt {
  key: string;
  amount_won: number;
  /** Known once the server answered 202. */
  purchase?: string;
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
    return null;
  }

  /** Keeps a token. One of another person takes everything of the last person away. */
  keepToken(token: string): void {
    const former = this.long.get(TOKEN) ?? this.short.get(TOKEN);
    if (former != null && personOf(former) !== personOf(token)) this.forget();
    this.long.set(TOKEN, token);
    this.short.set(TOKEN, token);
  }

  dropToken(): void {
    this.long.remove(TOKEN);
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

  /** Of all rounds: nothing of the last person stays for the next one. */
  private forget(): void {
    for (const store of [this.long, this.short]) {
      const personal = store.keys().filter((key) => PERSONAL.test(key));
      for (const key of personal) store.remove(key);
    }
  }
}

const personOf = (token: string): unknown => claimsOf(token)?.["sub"];

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
