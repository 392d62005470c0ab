// Types of client.js, for pages that are checked by TypeScript: see client.md.

export type LineState = "lobby" | "waiting" | "standby" | "sold_out" | "closed";
export type Outlook = "likely" | "possible" | "unlikely" | "no";

export interface PollRule {
  least_ms: number;
  most_ms: number;
  lobby_ms: number;
  still_ms: number;
  share_of_wait_percent: number;
  jitter_percent: number;
}

export interface Spread {
  p10: number;
  p50: number;
  p90: number;
}

export interface Line {
  class: string;
  state: LineState;
  opens_at: string;
  watermark: number;
  last_number: number;
  waiting: number;
  active: number;
  speed_per_s: Spread | null;
  vacant: [number, number][];
  present_percent: number;
  turn_up_percent: number;
  likely_to: number;
  possible_to: number;
  stock_ends_in_s: Spread | null;
}

export interface Lobby {
  class: string;
  state: string;
  people: number;
  outlook: Outlook;
}

export interface Words {
  ko: string;
  en: string;
}

export interface Notice {
  id: string;
  message: Words;
  at: string;
  until: string | null;
}

export interface WatermarkWindow {
  id: string;
  eligibility: unknown;
  opens_at: string;
  closes_at: string;
  phase: "ahead" | "open" | "over";
  stock_won: number;
  left_won: number;
  held_won: number;
  sold_won: number;
  purchases: number;
}

export interface WatermarkDocument {
  document: string;
  serial: number;
  epoch: number;
  at: string;
  round_id: string;
  state: string;
  left_won: number;
  held_won: number;
  sold_won: number;
  mean_purchase_won: number;
  lines: Line[];
  lobbies?: Lobby[];
  windows: WatermarkWindow[];
  poll: PollRule;
  interruption: { cause: string; since: string; message: Words } | null;
  notices: Notice[];
  signature: { kid: string; ed25519: string };
}

export interface Keys {
  keys: { kid: string; x: string }[];
}

export interface Eta {
  p10_s: number;
  p50_s: number;
  p90_s: number;
}

export interface OwnPlace {
  state: LineState | "admitted";
  ahead: number;
  eta: Eta | null;
  outlook: Outlook;
  poll_after_ms: number;
}

export function place(document: WatermarkDocument, name: string, number: number | null): OwnPlace;
export function read(
  text: string,
  round: string,
  keys: Keys,
  last?: WatermarkDocument | null,
  now?: number,
): Promise<WatermarkDocument>;
export function stray(after_ms: number, poll: PollRule): number;
