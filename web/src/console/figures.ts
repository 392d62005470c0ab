// What the server says of rounds and of itself: the shapes of its answers, as far as the console
// reads them (the OpenAPI document of the ops listener says all).

export interface Words {
  ko: string;
  en: string;
}

export type LifeCycle =
  | "draft"
  | "scheduled"
  | "lobby"
  | "open"
  | "paused"
  | "sold_out"
  | "closed";

export interface Stock {
  stock_won: number;
  left_won: number;
  held_won: number;
  sold_won: number;
}

/** A round in short, as it comes with the house. */
export interface RoundShort extends Stock {
  id: string;
  program_id: string;
  name: Words;
  state: LifeCycle;
  opens_at: string | null;
  closes_at: string | null;
  purchases: number;
  waiting: number;
  active: number;
  watermark: number;
  last_number: number;
}

export interface Counted {
  name: string;
  total: number;
  per_s: number | null;
}

export interface House {
  at: string;
  window_s: number;
  rounds: RoundShort[];
  routes: {
    method: string;
    route: string;
    per_s: number | null;
    p50_ms: number | null;
    p99_ms: number | null;
  }[];
  refusals: Counted[];
  rail: {
    is_up: boolean | null;
    calls_in_flight: number;
    holds_waiting: number;
    asks_scheduled: number;
    p50_ms: number | null;
    p99_ms: number | null;
    answers: Counted[];
  };
  store: {
    is_up: boolean;
    queue_events: number;
    commits_per_s: number | null;
    p50_ms: number | null;
    p99_ms: number | null;
    failures: number;
  };
  actors: {
    actor: string;
    permits_in_use: number;
    permits_bound: number;
    refused: number;
    rebuilds: number;
    wait_p99_ms: number | null;
  }[];
}

export interface WindowFigures extends Stock {
  id: string;
  phase: "ahead" | "open" | "over";
  opens_at: string;
  closes_at: string;
  purchases: number;
  waiting: number;
  active: number;
}

export interface Inlet {
  rate_per_s: number;
  max_active: number;
  claim_window_s: number;
  pass_ttl_s: number;
  mode: "auto" | "manual" | "shut";
  latency_target_ms: number | null;
}

export interface Notice {
  id: string;
  message: Words;
  at: string;
  until: string | null;
}

export interface StockAsk {
  id: string;
  window_id: string;
  change_won: number;
  asked_by: string;
  reason: string;
  asked_at: string;
  expires_at: string;
}

/** A round with all its figures. */
export interface Round extends Stock {
  id: string;
  program_id: string;
  name: Words;
  state: LifeCycle;
  /** Grows with what staff do and with each step of its life. */
  version: number;
  opening: "one_person" | "two_persons";
  opening_ask: { step: "schedule" | "open"; asked_by: string; asked_at: string; expires_at: string } | null;
  at: string;
  purchases: number;
  mean_purchase_won: number;
  waiting: number;
  active: number;
  watermark: number;
  last_number: number;
  inversions: number;
  windows: WindowFigures[];
  lines: { class: string; waiting: number; active: number; watermark: number }[];
  inlet: Inlet;
  inlet_policies: { class: string; policy: string; room: number; binds: boolean; why: string }[];
  notices: Notice[];
  stock_ask: StockAsk | null;
  actors?: { actor: string; name: string; people: number; state: string }[];
}

export interface LogEntry {
  seq: number;
  at: string;
  actor: string;
  role: string;
  action: string;
  target: string;
  reason: string;
}

export interface Log {
  entries: LogEntry[];
  next_cursor: string | null;
}

export interface Purchase {
  id: string;
  round_id: string;
  program_id: string;
  state: string;
  amount_won: number;
  price_won: number;
  subsidy_won: number;
  month: string;
  voucher_id: string | null;
  channel: string;
  created_at: string;
  updated_at: string;
  window_id: string;
  class: string | null;
  number: number;
  left_after_won: number;
}

/** Everything that is or will be switched off. */
export interface Suspensions {
  version: number;
  suspensions: Suspension[];
}

export interface Suspension {
  feature: "sign_up" | "merchant_search" | "gifts";
  from?: string;
  until: string;
  message: Words;
  program_id?: string | null;
  when_waiting_over?: number | null;
}

export interface Change {
  field: string;
  from: string | number | null;
  to: string | number | null;
}

export interface DryRun {
  dry_run: true;
  changes: Change[];
}
