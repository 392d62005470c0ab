// Whether a link may sign somebody in here: one tap, and nothing is kept before it.
//
// A token is its own proof of who made it, and none of who sends it: anybody could send a link with
// their own, and whoever opens it would sign up, pay and hold under their name. For a form of
// another site the server asks the same (`src/http/pages/entering.rs`).

import { h, onDo, patch } from "../shared/dom";
import { say } from "../shared/fluent";
import { claimsOf } from "../shared/storage";
import type { Memory } from "./memory";
import * as parts from "./parts";

/** Asks, and goes on with what the server wrote once there is an answer. */
export function ask(main: HTMLElement, token: string, memory: Memory, goOn: () => void): void {
  const written = [...main.childNodes];
  const view = main.dataset["view"] ?? "";
  let isAnswered = false;
  const answer = (isYes: boolean) => {
    if (isAnswered) return;
    isAnswered = true;
    if (isYes) memory.keepToken(token);
    main.replaceChildren(...written);
    main.dataset["view"] = view;
    // The button that had the focus is gone.
    main.focus();
    goOn();
  };
  onDo(main, { enter: () => answer(true), "enter-not": () => answer(false) });
  // In another language it is asked again.
  document.querySelector("[data-do=language]")?.addEventListener("click", (event) => {
    if (!isAnswered) (event.currentTarget as HTMLAnchorElement).hash = `token=${token}`;
  });
  const app = claimsOf(token)?.["iss"];
  main.dataset["view"] = "enter";
  main.replaceChildren();
  patch(main, [
    h(
      "section",
      { class: "card", "aria-labelledby": "headline" },
      h("h1", { id: "headline", tabindex: -1 }, say("enter-head")),
      h("p", { class: "notice warn" }, say("enter")),
      memory.isTaken && h("p", null, say("enter-other")),
      parts.figures(["channel", say("enter-app"), typeof app === "string" ? app : null]),
      parts.primary("enter", say("enter-do")),
      parts.secondary("enter-not", say("enter-not")),
    ),
  ]);
}
