// Types of client.js: what it reads of the watermark document, and what it comes to.

/** A text in both languages. */
export interface Both {
  ko: string;
  en: string;
}

/** A line of the document. */
export interface Line {
  class: string;
  state: string;
  opens_at: string;
  watermark: number;
  last_number: number;
  likely_to: number;
  possible_to: number;
  present_percent: number;
  vacant: [number, number][];
  speed_per_s: { p10: number; p50: number; p90: number } | null;
  stock_ends_in_s: { p10: number; p50: number; p90: number } | null;
}

/** The rule when to look again, in milliseconds and percent. */
export interface Poll {
  share_of_wait_percent: number;
  least_ms: number;
  most_ms: number;
  still_ms: number;
  lobby_ms: number;
  jitter_percent: number;
}

/** The document, as far as a client reads it; fields that are not named here are ignored. */
export interface Document {
  document: string;
  round_id: string;
  epoch: number;
  serial: number;
  at: string;
  lines: Line[];
  /** Only in rounds by draw. */
  lobbies?: { class: string; state: string; outlook: Outlook }[];
  poll: Poll;
  interruption: { cause: string; since: string; message: Both } | null;
  notices: { id: string; message: Both; at: string; until: string | null }[];
  signature: { kid: string; ed25519: string };
}

export type Outlook = "likely" | "possible" | "unlikely" | "no";

/** A place as worked out from the document. */
export interface Worked {
  state: string;
  ahead: number;
  eta: { p10_s: number; p50_s: number; p90_s: number } | null;
  outlook: Outlook;
  poll_after_ms: number;
}

/** The keys of `GET /.well-known/jwks.json`. */
export interface Keys {
  keys: { kid: string; x: string }[];
}

export function place(document: Document, name: string, number: number | null): Worked;
export function read(
  text: string,
  round: string,
  keys: Keys,
  last?: Document | null,
  now?: number,
): Promise<Document>;
export function stray(after_ms: number, poll: Poll): number;
