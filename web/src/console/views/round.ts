// One round: its figures, its plots, what can be done with it.

import { h, type Child } from "../../shared/dom";
import { language, ofBoth, say } from "../../shared/fluent";
import type { Round, StockAsk } from "../figures";
import { ofHouse, ofRound, seriesOf } from "../panels";
import { panel } from "../plots";
import { whyNot } from "../rights";
import { state } from "../state";
import { change, count, dateTime, named, perSecond, time, won } from "../words";
import { act, bad, badge, figures, head, nothing, table } from "./parts";

const STEPS = ["schedule", "open", "pause", "resume", "close"] as const;

export function round(): Child[] {
  if (state.isRoundMissing) {
    return [h("h1", null, say("title-round")), bad("round-not-found", say("no-such-round")), back()];
  }
  const it = state.round;
  if (!it) return [h("h1", null, state.roundId), nothing("loading")];
  return [
    back(),
    h("h1", null, ofBoth(it.name), " ", badge(it.state)),
    h("p", { class: "soft" }, `${it.id} / ${it.program_id}`),
    it.stock_ask ? pending(it, it.stock_ask) : null,
    numbers(it),
    h("h2", null, say("title-actions")),
    actions(it),
    h("h2", null, say("title-plots")),
    h(
      "div",
      { class: "plots", "data-key": "plots" },
      [...ofRound(it.id), ...ofHouse()].map(([one, series]) => panel(one, series)),
    ),
    h("h2", null, say("title-windows")),
    windows(it),
    h("h2", null, say("title-inlet")),
    inlet(it),
    h("h2", null, say("title-notices")),
    notices(it),
    h("h2", null, say("title-actors")),
    actors(it),
  ];
}

const back = (): Child => h("p", { "data-key": "back" }, h("a", { href: "#/" }, say("back-to-rounds")));

function numbers(it: Round): Child {
  const series = seriesOf(it.id);
  return figures([
    ["stock_won", say("figure-stock"), won(it.stock_won)],
    ["left_won", say("figure-left"), won(it.left_won)],
    ["held_won", say("figure-held"), won(it.held_won)],
    ["sold_won", say("figure-sold"), won(it.sold_won)],
    ["purchases", say("figure-purchases"), count(it.purchases)],
    ["waiting", say("figure-waiting"), count(it.waiting)],
    ["active", say("figure-active"), count(it.active)],
    ["arrivals", say("figure-arrivals"), perSecond(series.latest("arrivals"))],
    ["speed", say("figure-speed"), perSecond(series.latest("speed"))],
    ["watermark", say("figure-watermark"), count(it.watermark)],
    ["last_number", say("figure-last-number"), count(it.last_number)],
    ["inversions", say("figure-inversions"), count(it.inversions)],
  ]);
}

function pending(it: Round, ask: StockAsk): Child {
  const facts = { by: ask.asked_by, change: change(ask.change_won), window: ask.window_id };
  return h(
    "section",
    { class: "notice warn", "data-key": "ask", "aria-labelledby": "ask-title" },
    h("h2", { id: "ask-title" }, say("title-ask")),
    h("p", null, say("means-asked", facts)),
    h("p", null, say("means-why", { reason: ask.reason })),
    h("p", { class: "soft" }, say("ask-until", { at: time(ask.asked_at), until: time(ask.expires_at) })),
    h(
      "div",
      { class: "row" },
      act("stock-confirm", say("do-stock-confirm"), { round: it }),
      act("stock-refuse", say("do-stock-refuse"), { round: it }),
    ),
    h("p", { class: "soft" }, whyNot("stock-confirm", it)),
  );
}

function actions(it: Round): Child {
  const all = [...STEPS, "inlet", "stock-ask", "notice"] as const;
  const reasons = new Set(all.map((name) => whyNot(name, it)).filter((why) => why != null));
  return h(
    "div",
    { class: "card", "data-key": "actions" },
    h(
      "div",
      { class: "row" },
      all.map((name) => act(name, say(`do-${name}`), { round: it, isDangerous: name === "close" })),
    ),
    // What nobody here may do now is said once, not at each button only.
    h("ul", { class: "soft plain" }, [...reasons].map((why) => h("li", { "data-key": why }, why))),
  );
}

function windows(it: Round): Child {
  const heads = [
    head(say("head-window")),
    head(say("head-phase")),
    head(say("head-stock"), true),
    head(say("head-left"), true),
    head(say("head-held"), true),
    head(say("head-sold"), true),
    head(say("head-waiting"), true),
    head(say("head-when")),
  ];
  const rows = it.windows.map((window) =>
    h(
      "tr",
      { "data-key": window.id },
      h("th", { scope: "row" }, window.id),
      h("td", null, named("phase", window.phase)),
      [window.stock_won, window.left_won, window.held_won, window.sold_won].map((value) =>
        h("td", { class: "n" }, won(value)),
      ),
      h("td", { class: "n" }, count(window.waiting)),
      h("td", null, say("from-to", { from: dateTime(window.opens_at), to: dateTime(window.closes_at) })),
    ),
  );
  return table(say("title-windows"), heads, rows);
}

function inlet(it: Round): Child {
  const target = it.inlet.latency_target_ms;
  const heads = [
    head(say("head-line")),
    head(say("head-policy")),
    head(say("head-room"), true),
    head(say("head-why")),
  ];
  const rows = it.inlet_policies.map((one) =>
    h(
      "tr",
      { "data-key": `${one.class}-${one.policy}` },
      h("th", { scope: "row" }, one.class),
      h("td", null, named("policy", one.policy), one.binds ? h("b", null, ` ${say("binds")}`) : null),
      h("td", { class: "n" }, count(one.room)),
      // The server explains itself in English.
      h("td", { lang: "en" }, one.why),
    ),
  );
  return h(
    "div",
    { "data-key": "inlet" },
    figures([
      ["inlet_mode", say("field-inlet-mode"), named("mode", it.inlet.mode)],
      ["rate_per_s", say("field-inlet-rate-per-s"), perSecond(it.inlet.rate_per_s)],
      ["max_active", say("field-inlet-max-active"), count(it.inlet.max_active)],
      ["claim_window_s", say("field-inlet-claim-window-s"), say("seconds", { count: it.inlet.claim_window_s })],
      ["pass_ttl_s", say("field-inlet-pass-ttl-s"), say("seconds", { count: it.inlet.pass_ttl_s })],
      ["latency_target_ms", say("field-inlet-latency-target-ms"), target == null ? say("none") : `${target} ms`],
    ]),
    rows.length > 0 ? table(say("title-inlet"), heads, rows) : null,
  );
}

function notices(it: Round): Child {
  if (it.notices.length === 0) return nothing("no-notices");
  return h(
    "ul",
    { class: "plain" },
    it.notices.map((notice) =>
      h(
        "li",
        { class: "notice", "data-key": notice.id },
        h("p", null, ofBoth(notice.message)),
        h(
          "p",
          { class: "soft", lang: language === "ko" ? "en" : "ko" },
          language === "ko" ? notice.message.en : notice.message.ko,
        ),
        h(
          "p",
          { class: "soft" },
          say("notice-when", { at: dateTime(notice.at), until: notice.until ? dateTime(notice.until) : say("until-withdrawn") }),
        ),
        act("withdraw", say("do-withdraw"), { data: { id: notice.id } }),
      ),
    ),
  );
}

function actors(it: Round): Child {
  const all = it.actors ?? [];
  if (all.length === 0) return nothing("no-actors");
  const heads = [head(say("head-actor")), head(say("head-people"), true), head(say("head-says"))];
  const rows = all.map((one) =>
    h(
      "tr",
      { "data-key": `${one.actor}-${one.name}` },
      h("th", { scope: "row" }, `${named("actor", one.actor)} ${one.name}`),
      h("td", { class: "n" }, count(one.people)),
      h("td", { lang: "en" }, one.state),
    ),
  );
  return table(say("title-actors"), heads, rows);
}
