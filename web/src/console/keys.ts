// Shortcuts: single keys, never while something is typed, and a list of them at `?`, where they can
// be switched off (WCAG 2.1.4: who dictates says single letters all the time).

import { h } from "../shared/dom";
import { say } from "../shared/fluent";
import { lasting } from "../shared/storage";

const KEY = "openrun.shortcuts";
const areOff = (): boolean => lasting.get(KEY) === "off";

/** What a key does, by the key. */
export const SHORTCUTS: readonly (readonly [string, string])[] = [
  ["r", "#/"],
  ["l", "#/log"],
  ["b", "#/purchase"],
  ["s", "#/suspensions"],
];

const box = h("dialog", { "aria-labelledby": "keys-title" });

/** To be called once. `isResting` says whether keys mean nothing now. */
export function mount(isResting: () => boolean): void {
  const rows = [
    ...SHORTCUTS.map(([key, to]) => [key, say(`key-${to.slice(2) || "rounds"}`)] as const),
    ["?", say("key-help")] as const,
    ["Esc", say("key-escape")] as const,
  ];
  const toggle = h("input", { type: "checkbox", checked: !areOff() });
  toggle.addEventListener("change", () => {
    if (toggle.checked) lasting.remove(KEY);
    else lasting.set(KEY, "off");
  });
  box.append(
    h("h2", { id: "keys-title" }, say("title-keys")),
    h(
      "dl",
      { class: "figures" },
      rows.map(([key, text]) => [h("dt", null, h("kbd", null, key)), h("dd", null, text)]),
    ),
    h("label", { class: "check" }, toggle, say("keys-on")),
    h("form", { method: "dialog" }, h("button", null, say("close-dialog"))),
  );
  document.body.append(box);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isResting() || box.open) return;
    if (areOff()) return;
    const target = event.target as Element | null;
    if (target?.closest("input, select, textarea, [contenteditable]")) return;
    if (event.key === "?") return help();
    const found = SHORTCUTS.find(([key]) => key === event.key.toLowerCase());
    if (found) location.hash = found[1];
  });
}

export const help = (): void => box.showModal();
