// How a page for people begins: whoever a link or a form would sign in says so first, and then the
// script takes over what the server wrote into `main`.

import { Clock } from "../shared/clock";
import { takeToken } from "../shared/storage";
import * as announce from "./announce";
import { Caller } from "./caller";
import { ask } from "./entering";
import { Memory } from "./memory";

/** Takes a page over, once it is known as whom. */
export type Open = (main: HTMLElement, caller: Caller, memory: Memory, clock: Clock) => void;

/** To be called once, when the script is there. */
export function arrive(open: Open): void {
  const main = document.querySelector<HTMLElement>("main");
  if (main?.dataset["view"] === "enter") {
    // Another site signs somebody in: nobody is, before they say so. Their form has the token.
    takeToken();
    main.querySelector("form")?.addEventListener("submit", (event) => {
      const token = new FormData(event.currentTarget as HTMLFormElement).get("token");
      // They have said so, and are not asked again by the page that it leads to.
      if (typeof token === "string") new Memory("").keepToken(token);
    });
  } else if (main) {
    const memory = new Memory(main.dataset["round"] ?? "");
    // Before anything is asked for: a token in the address is one that others may read.
    const token = takeToken();
    const goOn = () => begin(main, memory, open);
    if (token && memory.isOwn(token)) memory.keepToken(token);
    if (token && !memory.isOwn(token)) ask(main, token, memory, goOn);
    else goOn();
  }
  // A token may also arrive while the page is open: the app opens it again.
  addEventListener("hashchange", () => {
    if (new URLSearchParams(location.hash.slice(1)).has("token")) location.reload();
  });
}

function begin(main: HTMLElement, memory: Memory, open: Open): void {
  const clock = new Clock();
  announce.place();
  main.dataset["connection"] ??= "ok";
  open(main, new Caller(clock), memory, clock);
}
