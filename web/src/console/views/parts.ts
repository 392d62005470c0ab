// What several views share: buttons that say why they are shut, figures, badges.

import { h, type Child } from "../../shared/dom";
import { say } from "../../shared/fluent";
import type { LifeCycle, Round } from "../figures";
import { whyNot } from "../rights";
import { named } from "../words";

const TONES: Partial<Record<LifeCycle, string>> = {
  open: "good",
  lobby: "brand",
  paused: "warn",
  sold_out: "bad",
};

/** The state of a round: a word, never a colour alone. */
export const badge = (state: LifeCycle): HTMLElement =>
  h("span", { class: `badge ${TONES[state] ?? ""}` }, named("state", state));

/** A button for something that staff may or may not do now; if not, it says why. */
export function act(
  action: string,
  label: string,
  options: { round?: Round | null; data?: Record<string, string | number>; isDangerous?: boolean } = {},
): Child {
  const against = whyNot(action, options.round);
  const key = [action, ...Object.values(options.data ?? {})].join("-");
  const id = `why-${key}`;
  const data = Object.entries(options.data ?? {}).map(([name, value]) => [`data-${name}`, value]);
  return h(
    "span",
    { class: "act", "data-key": key },
    h(
      "button",
      {
        type: "button",
        "data-do": action,
        class: options.isDangerous ? "danger" : null,
        "aria-disabled": against ? "true" : null,
        "aria-describedby": against ? id : null,
        title: against,
        ...Object.fromEntries(data),
      },
      label,
    ),
    against ? h("span", { class: "heard", id }, against) : null,
  );
}

/** Pairs of a name and a number; each number carries the name of its figure. */
export function figures(list: readonly (readonly [string, string, string])[]): Child {
  return h(
    "dl",
    { class: "tiles" },
    list.map(([name, label, value]) =>
      h("div", null, h("dt", null, label), h("dd", { "data-figure": name, class: "number" }, value)),
    ),
  );
}

/** A table that scrolls by itself when it is too wide. */
export function table(caption: string, heads: Child[], rows: Child[], isHeard = true): Child {
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h(
      "table",
      null,
      h("caption", { class: isHeard ? "heard" : null }, caption),
      h("thead", null, h("tr", null, heads)),
      h("tbody", null, rows),
    ),
  );
}

export const head = (text: string, isNumber = false): Child =>
  h("th", { scope: "col", class: isNumber ? "n" : null }, text);

/** What went wrong in a view, with its code. */
export const bad = (code: string, text: string): Child =>
  h("p", { class: "notice bad", "data-code": code, role: "alert" }, text);

export const nothing = (key: string): Child => h("p", { class: "soft" }, say(key));
