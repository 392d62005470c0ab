// Which plots there are: of a round, and of the whole house.

import { say } from "../shared/fluent";
import { state } from "./state";
import type { Panel } from "./plots";
import { Series, WATCHED } from "./history";
import { count, millis, named, perSecond, won } from "./words";

const NOTHING = new Series();
const percent = (value: number): string => `${count(value)} %`;
/** As many curves as can be told apart. */
const MOST = 5;

export const seriesOf = (id: string): Series => state.history.rounds.get(id) ?? NOTHING;

/** Plots of one round. */
export function ofRound(id: string): [Panel, Series][] {
  const series = seriesOf(id);
  const curve = (name: string): { name: string; label: string } => ({
    name,
    label: say(`curve-${name}`),
  });
  const panel = (key: string, names: string[], format: Panel["format"]): [Panel, Series] => [
    { key, title: say(`plot-${key}`), curves: names.map(curve), format },
    series,
  ];
  return [
    panel("stock", ["left", "held", "sold"], won),
    panel("speed", ["arrivals", "speed"], perSecond),
    panel("line", ["waiting", "active"], count),
  ];
}

/** Plots of the process. */
export function ofHouse(): [Panel, Series][] {
  const series = state.history.house;
  const panel = (key: string, curves: Panel["curves"], format: Panel["format"]): [Panel, Series] => [
    { key, title: say(`plot-${key}`), curves, format },
    series,
  ];
  const calls = Object.keys(WATCHED);
  const latency = [
    ...calls.map((it) => ({ name: `p99-${it}`, label: say("curve-p99", { call: say(`call-${it}`) }) })),
    { name: "p50-buy", label: say("curve-p50", { call: say("call-buy") }) },
  ];
  const refusals = [...(state.house?.refusals ?? [])].sort((a, b) => b.total - a.total);
  const refused = refusals.slice(0, MOST).map((it) => it.name);
  // By name, so that a curve keeps its colour while the order of the totals changes.
  refused.sort();
  const actors = (state.house?.actors ?? []).filter((it) => it.actor !== "guardian").slice(0, MOST);
  return [
    panel("latency", latency, millis),
    panel("refusals", refused.map((name) => ({ name: `refused-${name}`, label: name })), perSecond),
    panel("rail", [
      { name: "rail-p99", label: say("curve-rail-p99") },
    ], millis),
    panel("rail-queue", [
      { name: "rail-calls", label: say("curve-rail-calls") },
      { name: "rail-waiting", label: say("curve-rail-waiting") },
    ], count),
    panel("store", [{ name: "store-p99", label: say("curve-store-p99") }], millis),
    panel("store-queue", [{ name: "store-queue", label: say("curve-store-queue") }], count),
    panel(
      "actors",
      actors.map((it) => ({ name: `actor-${it.actor}`, label: named("actor", it.actor) })),
      percent,
    ),
  ];
}
