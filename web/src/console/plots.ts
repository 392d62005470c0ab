// Plots by uPlot: a canvas for those who see it, a sentence and a table for those who do not.
//
// Each panel draws in an element of its own that `patch` leaves alone, and is drawn again when
// there is a new point, another width or another colour scheme.

import uPlot from "uplot";
import { h, type Child } from "../shared/dom";
import { language, say } from "../shared/fluent";
import type { Series } from "./history";
import { compact, time } from "./words";

export interface Curve {
  /** Its column. */
  name: string;
  label: string;
}

export interface Panel {
  key: string;
  title: string;
  curves: Curve[];
  /** A value in words. */
  format(value: number): string;
}

const HEIGHT = 168;
/** Rows of the table, and how many seconds lie between two of them. */
const ROWS = 10;
const ROW_EVERY_S = 30;
/** Beside the colour, so that lines differ for everybody. */
const DASHES = [[], [8, 4], [2, 3], [12, 3, 2, 3], [5, 2]];
/** As the custom properties of console.css are called. */
const CURVES_MAX = 5;

interface Drawn {
  plot: uPlot;
  key: string;
  width: number;
}

const drawn = new WeakMap<Element, Drawn>();
const isDark = matchMedia("(prefers-color-scheme: dark)");

/** The panel as elements; its canvas is filled by `draw`. */
export function panel(it: Panel, series: Series): Child {
  const curves = it.curves.slice(0, CURVES_MAX);
  return h(
    "section",
    { class: "card plot", "data-key": `plot-${it.key}`, "aria-labelledby": `plot-${it.key}` },
    h("h3", { id: `plot-${it.key}` }, it.title),
    h("ul", { class: "legend" }, curves.map((curve, at) => legend(it, curve, at, series))),
    curves.length === 0 ? h("p", { class: "soft" }, say("plot-nothing")) : null,
    h("div", { class: "canvas", "data-own": true, "data-panel": it.key, "aria-hidden": "true" }),
    h("p", { class: "heard" }, sentence(it, curves, series)),
    curves.length > 0 ? table(it, curves, series) : null,
  );
}

function legend(it: Panel, curve: Curve, at: number, series: Series): Child {
  const latest = series.latest(curve.name);
  return h(
    "li",
    null,
    h("span", { class: `swatch s${at}`, "aria-hidden": "true" }),
    `${curve.label} `,
    h("b", { class: "number" }, latest == null ? say("unknown") : it.format(latest)),
  );
}

/** What the plot shows, in a sentence a curve. */
function sentence(it: Panel, curves: Curve[], series: Series): string {
  const parts = curves.map((curve) => {
    const summary = series.summary(curve.name);
    if (!summary) return say("plot-unknown", { name: curve.label });
    return say("plot-summary", {
      name: curve.label,
      latest: it.format(summary.latest),
      least: it.format(summary.least),
      most: it.format(summary.most),
    });
  });
  return parts.join(" ");
}

function table(it: Panel, curves: Curve[], series: Series): Child {
  const rows = rowsOf(series);
  return h(
    "details",
    null,
    h("summary", null, say("as-table")),
    h(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": it.title },
      h(
        "table",
        null,
        h("caption", { class: "heard" }, it.title),
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            h("th", { scope: "col" }, say("time")),
            curves.map((curve) => h("th", { scope: "col", class: "n" }, curve.label)),
          ),
        ),
        h(
          "tbody",
          null,
          rows.map((at) =>
            h(
              "tr",
              null,
              h("th", { scope: "row" }, time((series.times[at] ?? 0) * 1000)),
              curves.map((curve) => {
                const value = series.column(curve.name)[at];
                return h("td", { class: "n" }, value == null ? say("unknown") : it.format(value));
              }),
            ),
          ),
        ),
      ),
    ),
  );
}

/** Which points stand in the table: whole half minutes, newest first, so that rows stay. */
function rowsOf(series: Series): number[] {
  const rows: number[] = [];
  let last = Infinity;
  for (let at = series.times.length - 1; at >= 0 && rows.length < ROWS; at -= 1) {
    const row = Math.floor((series.times[at] ?? 0) / ROW_EVERY_S);
    if (row < last) rows.push(at);
    last = row;
  }
  return rows;
}

/** Draws all canvases below `root`. */
export function draw(root: Element, panels: readonly (readonly [Panel, Series])[]): void {
  for (const [it, series] of panels) {
    const canvas = root.querySelector(`[data-panel="${it.key}"]`);
    if (canvas instanceof HTMLElement) drawOne(canvas, it, series);
  }
}

function drawOne(canvas: HTMLElement, it: Panel, series: Series): void {
  const curves = it.curves.slice(0, CURVES_MAX);
  const width = Math.floor(canvas.clientWidth);
  if (width === 0 || curves.length === 0) return;
  const key = [isDark.matches, ...curves.map((curve) => curve.name)].join(" ");
  const data: uPlot.AlignedData = [series.times, ...curves.map((it) => series.column(it.name))];
  const there = drawn.get(canvas);
  if (there && there.key === key) {
    if (there.width !== width) there.plot.setSize({ width, height: HEIGHT });
    there.width = width;
    there.plot.setData(data);
    return;
  }
  there?.plot.destroy();
  const plot = new uPlot(options(canvas, curves, width), data, canvas);
  drawn.set(canvas, { plot, key, width });
}

function options(canvas: HTMLElement, curves: Curve[], width: number): uPlot.Options {
  const style = getComputedStyle(canvas);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--ink-soft"),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
  };
  const clock = new Intl.DateTimeFormat(language, {
    timeZone: "Asia/Seoul",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  const times = (_: uPlot, splits: number[]): string[] =>
    splits.map((at) => clock.format(new Date(at * 1000)));
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, least, most) => [Math.min(0, least), Math.max(most * 1.05, 1)] } },
    axes: [
      { ...axis, values: times, space: 96, size: 32 },
      { ...axis, values: (_, splits) => splits.map(compact), size: 64 },
    ],
    series: [
      {},
      ...curves.map((curve, at) => ({
        label: curve.label,
        stroke: colour(`--s${at}`),
        width: 2,
        dash: DASHES[at] ?? [],
        points: { show: false },
      })),
    ],
  };
}

/** Calls `again` when the width or the colours change. */
export function watch(root: Element, again: () => void): void {
  new ResizeObserver(again).observe(root);
  isDark.addEventListener("change", again);
}

