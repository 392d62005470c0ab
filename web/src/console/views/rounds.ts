// All rounds with their figures, and how the process is.

import { h, type Child } from "../../shared/dom";
import { ofBoth, say } from "../../shared/fluent";
import type { House, RoundShort } from "../figures";
import { ofHouse, seriesOf } from "../panels";
import { panel } from "../plots";
import { state } from "../state";
import { compact, count, dateTime, millis, named, perSecond, won } from "../words";
import { badge, figures, head, nothing, table } from "./parts";

export function rounds(): Child[] {
  const house = state.house;
  if (!house) return [h("h1", null, say("title-rounds")), nothing("loading")];
  return [
    h("h1", null, say("title-rounds")),
    house.rounds.length === 0 ? nothing("no-rounds") : list(house.rounds),
    h("h2", null, say("title-house")),
    health(house),
    h("div", { class: "plots", "data-key": "plots" }, ofHouse().map(([it, series]) => panel(it, series))),
    h("h2", null, say("title-refusals")),
    house.refusals.length === 0 ? nothing("no-refusals") : refusals(house),
  ];
}

function list(all: RoundShort[]): Child {
  const heads = [
    head(say("head-round")),
    head(say("head-state")),
    head(say("head-left"), true),
    head(say("head-held"), true),
    head(say("head-sold"), true),
    head(say("head-waiting"), true),
    head(say("head-active"), true),
    head(say("head-arrivals"), true),
    head(say("head-when")),
  ];
  return table(say("title-rounds"), heads, all.map(row));
}

function row(round: RoundShort): Child {
  const number = (name: string, text: string, exact: string): Child =>
    h("td", { class: "n", "data-figure": name, title: exact }, text);
  const money = (name: string, value: number): Child => number(name, compact(value), won(value));
  return h(
    "tr",
    { "data-key": round.id },
    h(
      "th",
      { scope: "row" },
      h("a", { href: `#/rounds/${encodeURIComponent(round.id)}` }, ofBoth(round.name)),
      h("br"),
      h("small", null, round.id),
    ),
    h("td", { "data-figure": "state" }, badge(round.state)),
    money("left_won", round.left_won),
    money("held_won", round.held_won),
    money("sold_won", round.sold_won),
    number("waiting", count(round.waiting), count(round.waiting)),
    number("active", count(round.active), count(round.active)),
    h("td", { class: "n" }, perSecond(seriesOf(round.id).latest("arrivals"))),
    h("td", null, say("from-to", { from: dateTime(round.opens_at), to: dateTime(round.closes_at) })),
  );
}

function health(house: House): Child {
  const { rail, store } = house;
  const up = (isUp: boolean | null): string =>
    isUp == null ? say("rail-none") : say(isUp ? "is-up" : "is-away");
  const buy = house.routes.find((it) => it.route.endsWith("/purchases") && it.method === "POST");
  return h(
    "div",
    { "data-key": "health" },
    store.is_up ? null : h("p", { class: "notice bad" }, say("store-away")),
    rail.is_up === false ? h("p", { class: "notice bad" }, say("rail-away")) : null,
    figures([
      ["store", say("figure-store"), up(store.is_up)],
      ["store_queue", say("figure-store-queue"), count(store.queue_events)],
      ["rail", say("figure-rail"), up(rail.is_up)],
      ["rail_waiting", say("figure-rail-waiting"), count(rail.holds_waiting)],
      ["buy_p99", say("figure-buy-p99"), millis(buy?.p99_ms ?? null)],
      ["buy_per_s", say("figure-buy-per-s"), perSecond(buy?.per_s ?? null)],
      ["rebuilds", say("figure-rebuilds"), count(sum(house.actors.map((it) => it.rebuilds)))],
      ["refused_mailbox", say("figure-refused"), count(sum(house.actors.map((it) => it.refused)))],
    ]),
  );
}

const sum = (all: number[]): number => all.reduce((one, other) => one + other, 0);

function refusals(house: House): Child {
  const heads = [head(say("head-code")), head(say("head-total"), true), head(say("head-now"), true)];
  const all = [...house.refusals].sort((a, b) => b.total - a.total);
  const rows = all.map((it) =>
    h(
      "tr",
      { "data-key": it.name },
      h("th", { scope: "row" }, named("code", it.name), h("br"), h("small", null, it.name)),
      h("td", { class: "n" }, count(it.total)),
      h("td", { class: "n" }, perSecond(it.per_s)),
    ),
  );
  return table(say("title-refusals"), heads, rows);
}
