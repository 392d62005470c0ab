// The page that people wait and buy on. Takes over what the server wrote into `main`.

import { Clock } from "../shared/clock";
import { takeToken } from "../shared/storage";
import * as announce from "./announce";
import { Caller } from "./caller";
import { ask } from "./entering";
import { Memory } from "./memory";
import { MePage } from "./me_page";
import { RoundPage } from "./round_page";
import { RoundsPage } from "./rounds_page";

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
  if (token && memory.isOwn(token)) memory.keepToken(token);
  if (token && !memory.isOwn(token)) ask(main, token, memory, () => open(main, memory));
  else open(main, memory);
}

function open(main: HTMLElement, memory: Memory): void {
  const round = main.dataset["round"] ?? "";
  const clock = new Clock();
  const caller = new Caller(clock);
  announce.place();
  main.dataset["connection"] ??= "ok";
  if (main.dataset["page"] === "round") new RoundPage(main, round, caller, memory, clock);
  else if (main.dataset["page"] === "me") new MePage(main, caller, memory, clock);
  else new RoundsPage(main, caller, memory, clock);
}

// A token may also arrive while the page is open: the app opens it again.
addEventListener("hashchange", () => {
  if (new URLSearchParams(location.hash.slice(1)).has("token")) location.reload();
});
