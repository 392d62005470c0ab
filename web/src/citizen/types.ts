// What the server answers, as far as the page reads it: see /docs of the server.

import type { Eta, Notice, Outlook, Words } from "../../../docs/client.js";

export type { Eta, Notice, Outlook, Words };

export type RoundState =
  | "draft"
  | "scheduled"
  | "lobby"
  | "open"
  | "paused"
  | "sold_out"
  | "closed";

export type Eligibility =
  | "all"
  | { birth_year: "odd" | "even" }
  | { age: { from: number; to: number } }
  | { district: string[] };

export interface RoundWindow {
  id: string;
  eligibility: Eligibility;
  opens_at: string;
  closes_at: string;
  phase: "ahead" | "open" | "over";
  stock_won: number;
}

export interface Suspension {
  feature: string;
  from: string;
  until: string;
  message: Words;
}

export interface Round {
  id: string;
  program_id: string;
  name: Words;
  state: RoundState;
  order: "fifo" | "draw";
  lobby_opens_at: string;
  windows: RoundWindow[];
  notices: Notice[];
  suspensions: Suspension[];
}

export interface Program {
  id: string;
  name: Words;
  discount_bps: number;
  unit_won: number;
  monthly_limit_won: number;
  holding_limit_won: number;
  channels: string[];
  /** Where it is taken. */
  regions: string[];
}

export type PlaceState =
  | "lobby"
  | "waiting"
  | "admitted"
  | "lapsed"
  | "left"
  | "bought"
  | "standby"
  | "sold_out"
  | "closed"
  | "ineligible_now";

/** A place in line: the answer to join, where-am-I, leave and claim. */
export interface Ticket {
  ticket: string | null;
  round_id: string;
  state: PlaceState;
  number: number | null;
  class: string | null;
  watermark: number | null;
  ahead: number | null;
  eta: Eta | null;
  outlook: Outlook | null;
  poll_after_ms: number;
  pass: string | null;
  pass_expires_at: string | null;
  opens_at?: string;
}

export interface Limit {
  program_id: string;
  month: string;
  monthly_limit_won: number;
  used_won: number;
  held_won: number;
  allowance_won: number;
  holding_limit_won: number;
  holding_won: number;
  room_won: number;
}

export interface Purchase {
  id: string;
  round_id: string;
  program_id: string;
  state: "held" | "paying" | "issued" | "voided" | "cancelled";
  amount_won: number;
  price_won: number;
  subsidy_won: number;
  voucher_id: string | null;
  created_at: string;
}

export type VoucherState =
  | "active"
  | "used_up"
  | "paying_back"
  | "cancelled"
  | "refunded"
  | "expired";

export interface Voucher {
  id: string;
  program_id: string;
  state: VoucherState;
  /** The purchase that it is of; null for a gift. */
  purchase_id: string | null;
  amount_won: number;
  balance_won: number;
  spent_won: number;
  given_won: number;
  expires_at: string | null;
}

/** What happened to a voucher. */
export interface Move {
  /** Its place in the history: the beginning and the end of a payback share an id. */
  number: number;
  kind:
    | "bought"
    | "received"
    | "spent"
    | "given"
    | "paying_back"
    | "paid_back"
    | "payback_refused"
    | "expired";
  amount_won: number;
  balance_won: number;
  merchant_id: string | null;
  created_at: string;
}
