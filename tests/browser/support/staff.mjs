// What operators do over the admin API, and the forms that they fill in.

import { allowed } from "./wire.mjs";

export const CHANNELS = ["seoul-pay", "tmoney-pay", "shinhan-sol"];

/** A moment so many seconds from now. */
export const at = (seconds) => new Date(Date.now() + seconds * 1_000).toISOString();

export const PROGRAM = {
  name: { ko: "서울사랑상품권(광역)", en: "Seoul Love voucher, city-wide" },
  issuer: "seoul",
  rules: {
    effective_from: "2022-01-01T00:00:00+09:00",
    discount_bps: 700,
    unit_won: 10_000,
    monthly_limit_won: 400_000,
    holding_limit_won: 1_000_000,
    refund_threshold_bps: 6_000,
    regions: ["seoul"],
    channels: CHANNELS,
  },
};

/** One window for everybody; people are let in by hand, so that states last as long as need be. */
export function roundForm(
  program,
  { stock_won = 100_000_000, inlet = {}, window = {}, ...more } = {},
) {
  const times = { opens_at: at(-60), closes_at: at(7_200) };
  return {
    program_id: program,
    name: { ko: "7월 14일 판매", en: "Sale of 14 July" },
    lobby_opens_at: at(-3_600),
    windows: [{ id: "all", eligibility: "all", stock_won, ...times, ...window }],
    inlet: {
      rate_per_s: 100,
      max_active: 10_000,
      claim_window_s: 300,
      pass_ttl_s: 600,
      mode: "manual",
      ...inlet,
    },
    ...more,
  };
}

/** Somebody with a staff token. */
export class Staff {
  constructor(ops, token) {
    this.ops = ops;
    this.token = token;
  }

  call(method, path, json) {
    return allowed(method, `${this.ops}/v1/admin${path}`, { token: this.token, json });
  }

  putProgram(id, rules = {}) {
    const form = { ...PROGRAM, rules: { ...PROGRAM.rules, ...rules } };
    return this.call("PUT", `/programs/${id}`, form);
  }

  putRound(id, form) {
    return this.call("PUT", `/rounds/${id}`, form);
  }

  step(round, step) {
    return this.call("POST", `/rounds/${round}/${step}`, { reason: `${step} for a test` });
  }

  setInlet(round, patch) {
    return this.call("PATCH", `/rounds/${round}/inlet`, { ...patch, reason: "for a test" });
  }

  /** Lets so many people in by hand. */
  letIn(round, people) {
    return this.call("POST", `/rounds/${round}/inlet/steps`, { people, reason: "for a test" });
  }

  figures(round) {
    return this.call("GET", `/rounds/${round}`);
  }

  notice(round_id, ko, en) {
    return this.call("POST", "/notices", { round_id, message: { ko, en }, reason: "for a test" });
  }

  suspend(suspensions) {
    return this.call("PUT", "/suspensions", { suspensions, reason: "for a test" });
  }
}
