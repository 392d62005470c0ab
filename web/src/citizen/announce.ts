// What a screen reader says, sparingly: one polite voice for what changes, one urgent voice for the
// turn. Both stand beside `main`, so that no redrawing of the page repeats them.

import { h } from "../shared/dom";

const polite = h("div", { role: "status", "aria-live": "polite", class: "heard" });
const urgent = h("div", { role: "alert", class: "heard" });

export function place(): void {
  document.body.append(polite, urgent);
}

/** Said when the reader has come to an end of its own. The same twice is said once. */
export function say(text: string): void {
  if (polite.textContent !== text) polite.textContent = text;
}

/** Said at once: the turn. */
export function call(text: string): void {
  urgent.textContent = text;
}

/** The turn is over: a later one is said again. */
export function quiet(): void {
  urgent.textContent = "";
}
