// The operator's console: takes the page's `main` over, follows the server's figures, and draws
// what it knows (state.ts) whenever that changes.

import { ask, type Answer } from "../shared/api";
import { h, onDo, patch, type Child } from "../shared/dom";
import { say } from "../shared/fluent";
import { takeToken } from "../shared/storage";
import * as actions from "./actions";
import * as dialog from "./dialog";
import type { House, Log, Purchase, Round, Suspension, Suspensions } from "./figures";
import * as keys from "./keys";
import { follow } from "./live";
import { ofHouse, ofRound } from "./panels";
import * as plots from "./plots";
import { connection, isSame, remember, remembered, staffOf, state, type Staff, type View } from "./state";
import { enter, log, purchase, signIn, suspensions } from "./views/others";
import { round } from "./views/round";
import { rounds } from "./views/rounds";
import { span } from "./words";

const VIEWS: Record<View, () => Child[]> = {
  sign_in: signIn,
  enter,
  rounds,
  round,
  log,
  purchase,
  suspensions,
};
const LOG_PAGE = 50;

const main = document.querySelector("main") ?? document.body;
const top = h("div", { class: "top" });
const body = h("div", { class: "view" });
const told = h("p", { class: "heard", role: "status", "aria-live": "polite" });

let leaveHouse: (() => void) | null = null;
let leaveRound: (() => void) | null = null;
let lastConnection = "ok";

/* What comes from the server. */

const call = <T>(path: string): Promise<Answer<T>> =>
  ask<T>(path, { headers: { authorization: `Bearer ${state.staff?.token ?? ""}` } });

function heard(): void {
  state.heardAt = Date.now();
  state.lostAt = null;
}

const listener = (take: (data: unknown) => void, refused: (status: number) => void) => ({
  heard: (_: string, data: unknown) => {
    heard();
    take(data);
    render();
  },
  refused,
  lost: () => {
    state.lostAt ??= Date.now();
    render();
  },
});

const token = (): string | null => state.staff?.token ?? null;

function followHouse(): void {
  leaveHouse?.();
  leaveHouse = follow(
    "/v1/admin/events",
    token,
    listener(
      (data) => {
        state.house = data as House;
        state.history.add(state.house);
      },
      () => signOut("signed-out-expired"),
    ),
  );
}

function followRound(id: string): void {
  leaveRound?.();
  state.round = null;
  state.isRoundMissing = false;
  leaveRound = follow(
    `/v1/admin/rounds/${encodeURIComponent(id)}/events`,
    token,
    listener(
      (data) => {
        state.round = data as Round;
      },
      (status) => {
        if (status === 401) return signOut("signed-out-expired");
        state.isRoundMissing = true;
        render();
      },
    ),
  );
}

/** Loads something for a view; what goes wrong is said in it. */
async function load<T>(path: string, take: (body: T) => void): Promise<void> {
  state.isBusy = true;
  render();
  const answer = await call<T>(path);
  state.isBusy = false;
  if (answer.status === 401) return signOut("signed-out-expired");
  if (answer.ok && answer.body != null) {
    state.problem = null;
    take(answer.body);
  } else {
    state.problem = { code: answer.problem?.code ?? "no-answer", text: dialog.faultOf(answer) };
  }
  render();
}

const loadLog = (cursor: string | null): Promise<void> =>
  load<Log>(`/v1/admin/log?limit=${LOG_PAGE}${cursor ? `&cursor=${cursor}` : ""}`, (page) => {
    const before = cursor ? (state.log?.entries ?? []) : [];
    state.log = { entries: [...before, ...page.entries], next_cursor: page.next_cursor };
  });

const loadSuspensions = (): Promise<void> =>
  load<Suspensions>("/v1/admin/suspensions", (answer) => {
    state.suspensions = answer;
  });

/* Who is signed in. */

function signOn(staff: Staff): void {
  remember(staff);
  state.staff = staff;
  state.entering = null;
  state.signedOut = null;
  state.problem = null;
  followHouse();
  go();
}

/**
 * Signs somebody in by the token of a link: at once who is known in this tab, anybody else with one
 * tap. Whoever sends a link with a token of their own would have another work, and be logged, under
 * their name.
 */
function bring(staff: Staff): void {
  if (isSame(state.staff ?? remembered(), staff)) return signOn(staff);
  state.entering = staff;
  go();
}

function signOut(why: string | null): void {
  leaveHouse?.();
  leaveRound?.();
  remember(null);
  Object.assign(state, { staff: null, signedOut: why, house: null, round: null, log: null });
  Object.assign(state, { purchase: null, suspensions: null, heardAt: null, lostAt: null });
  go();
}

/* Where we are: the fragment of the address. */

function go(): void {
  const parts = location.hash.replace(/^#\/?/, "").split("/");
  leaveRound?.();
  leaveRound = null;
  state.problem = null;
  state.purchase = null;
  const before = `${state.view} ${state.roundId}`;
  state.roundId = null;
  if (state.entering) state.view = "enter";
  else if (!state.staff) state.view = "sign_in";
  else if (parts[0] === "rounds" && parts[1]) {
    state.view = "round";
    state.roundId = decodeURIComponent(parts[1]);
    followRound(state.roundId);
  } else if (parts[0] === "log") {
    state.view = "log";
    void loadLog(null);
  } else if (parts[0] === "purchase") state.view = "purchase";
  else if (parts[0] === "suspensions") {
    state.view = "suspensions";
    void loadSuspensions();
  } else state.view = "rounds";
  const isElsewhere = before !== `${state.view} ${state.roundId}`;
  if (isElsewhere) body.replaceChildren();
  render();
  if (isElsewhere) {
    document.title = `${body.querySelector("h1")?.textContent ?? ""} - ${say("name")}`;
    if (main instanceof HTMLElement) main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

/* What is seen. */

const link = (to: string, key: string, view: View): Child =>
  h("a", { href: to, "aria-current": state.view === view ? "page" : null }, say(key));

function bar(): Child[] {
  const { staff, entering } = state;
  if (!staff || entering) return [];
  return [
    h(
      "nav",
      { "aria-label": say("navigation") },
      link("#/", "title-rounds", "rounds"),
      link("#/log", "title-log", "log"),
      link("#/purchase", "title-purchase", "purchase"),
      link("#/suspensions", "title-suspensions", "suspensions"),
    ),
    h(
      "p",
      { class: "who" },
      say("signed-in-as", { name: staff.actor, role: say(`role-${staff.role}`) }),
      " ",
      h("button", { type: "button", class: "plain", "data-do": "help" }, say("do-help")),
      h("button", { type: "button", class: "plain", "data-do": "sign-out" }, say("do-sign-out")),
    ),
    fresh(),
  ];
}

function fresh(): Child {
  const now = connection();
  if (now === "ok") return null;
  const since = state.heardAt ?? state.lostAt ?? Date.now();
  return h(
    "p",
    { class: `notice ${now === "away" ? "bad" : "warn"}`, "data-key": "connection" },
    say(`connection-${now}`, { since: span(Date.now() - since) }),
  );
}

function render(): void {
  main.setAttribute("data-view", state.view);
  main.setAttribute("data-connection", connection());
  if (state.staff) main.setAttribute("data-role", state.staff.role);
  else main.removeAttribute("data-role");
  patch(top, bar());
  patch(body, VIEWS[state.view]());
  const list = state.roundId ? [...ofRound(state.roundId), ...ofHouse()] : ofHouse();
  plots.draw(body, list);
  announce();
  dialog.draw();
}

/** Says once that the connection went or came back: not at each second of it. */
function announce(): void {
  const now = connection();
  if (now === lastConnection || !state.staff) return;
  if (now === "away") told.textContent = say("told-away");
  if (now === "ok" && lastConnection === "away") told.textContent = say("told-back");
  lastConnection = now;
}

/** After a deed: what is not sent by itself is asked for again. */
function afterwards(): void {
  if (state.view === "suspensions") void loadSuspensions();
  if (state.view === "log") void loadLog(null);
  render();
}

/* What is pressed. */

function open(action: actions.Action | null): void {
  if (action) dialog.show(action);
}

/**
 * A dialog about the list of suspensions as it stands on the server now. It is sent as a whole: what
 * another person has put in meanwhile would be lost.
 */
async function openOverList(make: (all: Suspension[]) => actions.Action | null): Promise<void> {
  await loadSuspensions();
  const { problem, suspensions: list } = state;
  if (!list || problem || dialog.isOpen()) return;
  const action = make(list.suspensions);
  open(action && actions.asSeen(action, list));
}

const withRound = (make: (round: Round) => actions.Action | null) => (): void =>
  state.round ? open(make(state.round)) : undefined;

/** For what depends on how the round stands. */
const asSeen = (make: (round: Round) => actions.Action | null): (() => void) =>
  withRound((round) => {
    const action = make(round);
    return action && actions.asSeen(action, round);
  });

const handlers: Record<string, (control: HTMLElement) => void> = {
  inlet: asSeen(actions.inlet),
  "stock-ask": asSeen(actions.askStock),
  "stock-confirm": asSeen((it) => actions.answerStock(it, true)),
  "stock-refuse": asSeen((it) => actions.answerStock(it, false)),
  notice: withRound(actions.notice),
  withdraw: (control) => {
    const id = control.dataset["id"] ?? "";
    const text = control.closest("li")?.querySelector("p")?.textContent ?? id;
    open(actions.withdraw(id, text));
  },
  suspend: () => void openOverList(actions.suspend),
  lift: (control) => {
    const chosen = state.suspensions?.suspensions[Number(control.dataset["index"])];
    void openOverList((all) => actions.lift(all, chosen));
  },
  more: () => void loadLog(state.log?.next_cursor ?? null),
  enter: () => state.entering && signOn(state.entering),
  "enter-not": () => {
    state.entering = null;
    begin();
  },
  help: () => keys.help(),
  "sign-out": () => signOut(null),
};
for (const name of ["schedule", "open", "pause", "resume", "close"]) {
  handlers[name] = asSeen((it) => actions.step(name, it));
}

function submitted(form: HTMLFormElement): void {
  const values = new FormData(form);
  const text = (name: string): string => String(values.get(name) ?? "").trim();
  const fault = (code: string, key: string): void => {
    state.problem = { code, text: say(key) };
    render();
  };
  if (form.dataset["form"] === "sign-in") {
    const staff = staffOf(text("token"));
    if (!staff) return fault("unauthenticated", "fault-token");
    if ((staff.expiresAt ?? Infinity) <= Date.now()) return fault("unauthenticated", "fault-expired");
    form.reset();
    return signOn(staff);
  }
  if (form.dataset["form"] === "look-up") {
    if (form.querySelector("[data-do=look-up]")?.getAttribute("aria-disabled") === "true") return;
    if (!/^[0-9a-f-]{32,36}$/i.test(text("id"))) return fault("malformed", "fault-purchase");
    if (text("reason") === "") return fault("malformed", "missing-reason");
    const query = new URLSearchParams({ reason: text("reason") });
    state.purchase = null;
    void load<Purchase>(`/v1/admin/purchases/${text("id")}?${query}`, (found) => {
      state.purchase = found;
    });
  }
}

function start(): void {
  main.replaceChildren(told, top, body);
  onDo(main, handlers);
  main.addEventListener("submit", (event) => {
    event.preventDefault();
    submitted(event.target as HTMLFormElement);
  });
  // Another language is another page: it opens where this one was.
  document.querySelector("[data-do=language]")?.addEventListener("click", (event) => {
    const to = event.currentTarget as HTMLAnchorElement;
    to.hash = state.entering ? `token=${state.entering.token}` : location.hash;
  });
  dialog.mount(afterwards);
  keys.mount(() => dialog.isOpen() || !state.staff);
  plots.watch(body, () => render());
  addEventListener("hashchange", () => {
    const staff = brought();
    if (staff) return bring(staff);
    state.entering = null;
    go();
  });
  // The figures grow old by themselves.
  setInterval(render, 1_000);
  const staff = brought();
  if (staff) bring(staff);
  else begin();
}

/** Whose token the address brings, if it brings one. */
function brought(): Staff | null {
  const token = takeToken();
  return token == null ? null : staffOf(token);
}

/** As who is known in this tab, if somebody is. */
function begin(): void {
  const staff = state.staff ?? remembered();
  if (staff) signOn(staff);
  else go();
}

start();
