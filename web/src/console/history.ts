// What the plots show: a quarter of an hour of figures, one a second, kept by this page alone.

import type { House, RoundShort } from "./figures";

/** A quarter of an hour of seconds. */
const POINTS_MAX = 900;
/** A longer silence than this is a gap in the line, in seconds. */
const GAP_S = 5;

/** Columns of equal length: times in seconds since 1970, and a value or null for each name. */
export class Series {
  times: number[] = [];
  values = new Map<string, (number | null)[]>();

  add(at: number, point: Record<string, number | null>): void {
    const last = this.times.at(-1);
    if (last != null && at <= last) return;
    if (last != null && at - last > GAP_S) this.push(last + 1, {});
    this.push(at, point);
  }

  private push(at: number, point: Record<string, number | null>): void {
    for (const name of Object.keys(point)) {
      if (!this.values.has(name)) this.values.set(name, this.times.map(() => null));
    }
    this.times.push(at);
    for (const [name, column] of this.values) column.push(point[name] ?? null);
    if (this.times.length > POINTS_MAX) {
      this.times.shift();
      for (const column of this.values.values()) column.shift();
    }
  }

  column(name: string): (number | null)[] {
    return this.values.get(name) ?? this.times.map(() => null);
  }

  /** The newest value that there is. */
  latest(name: string): number | null {
    return this.column(name).at(-1) ?? null;
  }

  /** Least, most and latest of a column. */
  summary(name: string): { least: number; most: number; latest: number } | null {
    const known = this.column(name).filter((value) => value != null);
    const latest = known.at(-1);
    if (latest == null) return null;
    return { least: Math.min(...known), most: Math.max(...known), latest };
  }
}

/** How much a count grew a second; null before it was seen twice, or when it began anew. */
function rate(now: number, before: number | undefined, seconds: number): number | null {
  if (before == null || seconds <= 0 || now < before) return null;
  return (now - before) / seconds;
}

/** The calls whose latency is plotted: what a person waits for. */
export const WATCHED = {
  join: "POST /v1/rounds/{round}/tickets",
  claim: "POST /v1/rounds/{round}/passes",
  buy: "POST /v1/rounds/{round}/purchases",
} as const;

/** The series of a house and of each of its rounds. */
export class History {
  house = new Series();
  rounds = new Map<string, Series>();
  private before: { at: number; rounds: Map<string, RoundShort> } | null = null;

  add(house: House): void {
    const at = Date.parse(house.at) / 1000;
    const seconds = this.before ? at - this.before.at : 0;
    this.house.add(at, pointOf(house));
    for (const round of house.rounds) {
      const former = this.before?.rounds.get(round.id);
      const series = this.rounds.get(round.id) ?? new Series();
      this.rounds.set(round.id, series);
      series.add(at, {
        left: round.left_won,
        held: round.held_won,
        sold: round.sold_won,
        waiting: round.waiting,
        active: round.active,
        arrivals: rate(round.last_number, former?.last_number, seconds),
        speed: rate(round.watermark, former?.watermark, seconds),
      });
    }
    this.before = { at, rounds: new Map(house.rounds.map((round) => [round.id, round])) };
  }
}

function pointOf(house: House): Record<string, number | null> {
  const point: Record<string, number | null> = {
    "store-p99": house.store.p99_ms,
    "store-queue": house.store.queue_events,
    "rail-p99": house.rail.p99_ms,
    "rail-calls": house.rail.calls_in_flight,
    "rail-waiting": house.rail.holds_waiting,
  };
  for (const [name, call] of Object.entries(WATCHED)) {
    const route = house.routes.find((it) => `${it.method} ${it.route}` === call);
    point[`p50-${name}`] = route?.p50_ms ?? null;
    point[`p99-${name}`] = route?.p99_ms ?? null;
  }
  for (const refusal of house.refusals) point[`refused-${refusal.name}`] = refusal.per_s;
  for (const actor of house.actors) {
    const share = actor.permits_bound > 0 ? actor.permits_in_use / actor.permits_bound : 0;
    point[`actor-${actor.actor}`] = share * 100;
  }
  return point;
}
