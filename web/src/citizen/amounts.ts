// Which amounts a person can buy, and what they cost. The server decides; this is so that nobody
// asks for what will be refused.

import type { Limit, Program } from "./types";

/** As many as a thumb can tell apart: one across, and two rows of two. */
const CHOICES = 5;
/** Steps that people think in, in units. */
const ROUND_STEPS = [1, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1_000];

/** The most that can be asked for: a multiple of the unit, nothing when less than one is left. */
export function mostOf(program: Program, limit: Limit | null, left_won: number | null): number {
  const bounds = [program.monthly_limit_won];
  if (limit) bounds.push(limit.allowance_won, limit.room_won);
  if (left_won != null) bounds.push(left_won);
  const most = Math.max(0, Math.min(...bounds));
  return most - (most % program.unit_won);
}

/** The amounts to offer, the largest first: it is what most people come for. */
export function choices(unit_won: number, most_won: number): number[] {
  const most = Math.floor(most_won / unit_won);
  if (most < 1) return [];
  const all = Array.from({ length: Math.min(most, CHOICES) }, (_, index) => index + 1);
  const rounds = ROUND_STEPS.filter((step) => step < most);
  const kept = most <= CHOICES ? all.slice(0, -1) : thinned(rounds, CHOICES - 1);
  return [...kept, most].reverse().map((units) => units * unit_won);
}

/** `count` of `all`, the last among them, evenly. */
function thinned(all: number[], count: number): number[] {
  if (all.length <= count) return all;
  const step = (all.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, index) => all[Math.ceil(index * step)] ?? 0);
}

/** What the issuer pays: rounded down, as the server does. */
export const subsidyOf = (amount_won: number, discount_bps: number): number =>
  Math.floor((amount_won * discount_bps) / 10_000);

export const priceOf = (amount_won: number, discount_bps: number): number =>
  amount_won - subsidyOf(amount_won, discount_bps);

/** What was typed as an amount; null when it is none that can be bought. */
export function amountIn(typed: string, unit_won: number, most_won: number): number | null {
  const digits = typed.replace(/[^0-9]/g, "");
  const amount = digits === "" ? NaN : Number(digits);
  const isOne = Number.isSafeInteger(amount) && amount > 0 && amount % unit_won === 0;
  return isOne && amount <= most_won ? amount : null;
}
