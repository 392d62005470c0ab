// One dialog for everything that staff do: what it means, what would happen (a dry run), the
// reason, the round's id where it must be typed, and what came of it.
//
// The browser's own modal dialog: focus stays in it, Esc closes it, focus goes back to the control.

import { ask, type Answer } from "../shared/api";
import { h, patch, type Child } from "../shared/dom";
import { has, say } from "../shared/fluent";
import type { Action, Field, Request, Values } from "./actions";
import type { Change, DryRun } from "./figures";
import { connection, state } from "./state";
import { exact, named, won } from "./words";

type Phase = "asking" | "trying" | "tried" | "sending" | "done";

interface Open {
  action: Action;
  phase: Phase;
  changes: Change[] | null;
  problem: string | null;
  values: Values;
  reason: string;
  typed: string;
}

/** How long a reason may be: the server's own bound. */
const REASON_MAX = 500;
/** Reasons of a dry run stand nowhere. */
const TRIED = "dry run";

let open: Open | null = null;
let opener: Element | null = null;
let onDone: () => void = () => undefined;
const box = h("dialog", { class: "act", "aria-labelledby": "act-title" });

/** To be called once. `done` is called after each deed. */
export function mount(done: () => void): void {
  onDone = done;
  document.body.append(box);
  box.addEventListener("close", () => {
    // It is told with the next frame, by which the next dialog may stand here: that one is not over.
    if (box.open) return;
    open = null;
    if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
  });
  box.addEventListener("input", read);
  box.addEventListener("submit", (event) => {
    event.preventDefault();
    // A button that says it is busy still submits.
    if (!open || open.phase === "trying" || open.phase === "sending") return;
    if (open.phase === "asking" && open.action.canTry) void attempt();
    else void carryOut();
  });
  box.addEventListener("click", (event) => {
    const control = (event.target as Element | null)?.closest<HTMLElement>("[data-do]");
    if (!control || control.getAttribute("aria-disabled") === "true") return;
    if (control.dataset["do"] === "cancel") box.close();
    if (control.dataset["do"] === "dry-run") void attempt();
  });
}

/** Whether a dialog is open: shortcuts rest meanwhile. */
export const isOpen = (): boolean => box.open;

export function show(action: Action): void {
  opener = document.activeElement;
  const values = Object.fromEntries(action.fields.map((field) => [field.name, field.value]));
  open = { action, phase: "asking", changes: null, problem: null, values, reason: "", typed: "" };
  box.replaceChildren();
  draw();
  box.showModal();
  // What needs nothing to be filled in is tried at once.
  if (action.canTry && action.fields.length === 0) void attempt();
}

function read(event: Event): void {
  if (!open || !(event.target instanceof Element)) return;
  const input = event.target as HTMLInputElement;
  if (input.name === "reason") open.reason = input.value;
  else if (input.name === "typed") open.typed = input.value;
  else {
    open.values[input.name] = input.value;
    // What was tried is not what would be done now.
    if (open.phase === "tried") open.phase = "asking";
    open.changes = null;
  }
  open.problem = null;
  draw();
}

/** What keeps the deed from being done, in words; null when nothing does. */
function missing(it: Open): string | null {
  if (connection() !== "ok") return say("why-away");
  if (it.action.canTry && it.phase === "asking") return say("missing-try");
  if (it.action.needsReason && it.reason.trim() === "") return say("missing-reason");
  if (it.action.typed != null && it.typed.trim() !== it.action.typed) return say("missing-typed");
  return null;
}

function send(request: Request, { version }: Action): Promise<Answer> {
  const headers: Record<string, string> = { authorization: `Bearer ${state.staff?.token ?? ""}` };
  if (version !== undefined) headers["if-match"] = `"${version}"`;
  return ask(request.path, { method: request.method, body: request.body, headers });
}

/** What the server says against it, in its own words. */
export function faultOf(answer: Answer): string {
  if (answer.status === 0) return say("fault-no-answer");
  const problem = answer.problem;
  if (problem?.isForeign) return say("fault-foreign", { status: answer.status });
  const code = problem?.code ?? "unavailable";
  if (code === "insufficient-stock" && typeof problem?.["remaining_won"] === "number") {
    return say("fault-stock", { left: won(problem["remaining_won"]) });
  }
  if (code === "wrong-state" && typeof problem?.["state"] === "string") {
    return say("fault-state", { state: named("state", problem["state"]) });
  }
  const words = [problem?.title, problem?.detail].filter((it) => it);
  return words.length > 0 ? `${words.join(". ")} (${code})` : code;
}

async function attempt(): Promise<void> {
  const it = open;
  if (!it || it.phase === "trying" || it.phase === "sending") return;
  const request = it.action.request(it.values, TRIED);
  if ("fault" in request) return refuse(it, request.fault);
  it.phase = "trying";
  const tried = JSON.stringify(it.values);
  draw();
  const answer = await send({ ...request, path: `${request.path}?dry_run=true` }, it.action);
  if (open !== it || it.phase !== "trying") return;
  if (JSON.stringify(it.values) !== tried) {
    // What was tried is not what would be done now.
    it.phase = "asking";
    return draw();
  }
  if (!answer.ok) return refuse(it, faultOf(answer));
  it.phase = "tried";
  it.problem = null;
  it.changes = (answer.body as DryRun).changes;
  draw();
}

async function carryOut(): Promise<void> {
  const it = open;
  if (!it || it.phase === "sending" || it.phase === "done" || missing(it)) return;
  const request = it.action.request(it.values, it.reason.trim());
  if ("fault" in request) return refuse(it, request.fault);
  it.phase = "sending";
  draw();
  const answer = await send(request, it.action);
  if (open !== it) return onDone();
  if (!answer.ok) return refuse(it, faultOf(answer));
  it.phase = "done";
  it.problem = null;
  draw();
  box.querySelector<HTMLElement>("[data-do=cancel]")?.focus();
  onDone();
}

function refuse(it: Open, problem: string): void {
  it.phase = it.changes ? "tried" : "asking";
  it.problem = problem;
  draw();
  box.querySelector<HTMLElement>("[role=alert]")?.focus();
}

/** Draws the dialog as it stands: also when the connection came or went. */
export function draw(): void {
  const it = open;
  if (!it) return;
  const { action } = it;
  const body = it.phase === "done" ? result(it) : form(it);
  box.setAttribute("data-action", action.name);
  patch(box, [h("h2", { id: "act-title", "data-key": "title" }, action.title), body]);
}

function result(it: Open): Child {
  const key = `done-${it.action.name}`;
  return h(
    "div",
    { "data-key": "result" },
    h("p", { class: "notice good", role: "status" }, say(has(key) ? key : "done")),
    h("div", { class: "row" }, button("cancel", say("close-dialog"), null)),
  );
}

function form(it: Open): Child {
  const { action } = it;
  const against = missing(it);
  const isBusy = it.phase === "trying" || it.phase === "sending";
  return h(
    "form",
    { "data-key": "form", novalidate: true },
    action.meaning.map((text) => h("p", null, text)),
    action.fields.map(fieldOf),
    action.canTry && action.fields.length > 0
      ? h("div", { class: "row" }, button("dry-run", say("do-dry-run"), isBusy ? say("busy") : null))
      : null,
    h("div", { "aria-live": "polite", "data-key": "preview" }, preview(it)),
    action.needsReason ? reasonField() : null,
    action.typed == null ? null : typedField(action.typed),
    it.problem
      ? h("p", { class: "notice bad", role: "alert", tabindex: -1, "data-key": "bad" }, it.problem)
      : null,
    h(
      "div",
      { class: "row", "data-key": "buttons" },
      button("confirm", action.title, isBusy ? say("busy") : against, action.isDangerous),
      button("cancel", say("cancel"), null),
    ),
    h("p", { class: "soft", id: "act-why", "data-key": "why" }, isBusy ? say("busy") : (against ?? "")),
  );
}

function preview(it: Open): Child {
  if (it.phase === "trying") return h("p", { class: "soft" }, say("trying"));
  if (!it.changes) return null;
  if (it.changes.length === 0) return h("p", { class: "notice" }, say("no-change"));
  return h(
    "div",
    { class: "notice" },
    h("h3", null, say("would-happen")),
    h("ul", { class: "changes" }, it.changes.map((one) => h("li", null, sentence(one)))),
  );
}

/** One change in words: `windows.odd.left_won` becomes the name of the figure and the window. */
function sentence(one: Change): string {
  const [kind = "", id = "", figure = ""] = one.field.split(".");
  const key = kind === "windows" || kind === "lines" ? figure : one.field.replace(".", "-");
  const what = named("field", key);
  const values = { from: valueOf(key, one.from), to: valueOf(key, one.to) };
  const text = say("change", { what, ...values });
  return kind === "windows" || kind === "lines" ? `${id}: ${text}` : text;
}

function valueOf(figure: string, value: string | number | null): string {
  if (value == null) return say("none");
  if (typeof value === "number") return figure.endsWith("_won") ? won(value) : exact(value);
  if (figure === "inlet-mode") return named("mode", value);
  return figure === "phase" ? named("phase", value) : named("state", value);
}

function reasonField(): Child {
  return h(
    "p",
    { "data-key": "reason" },
    h("label", { for: "act-reason" }, say("field-reason")),
    h("textarea", { id: "act-reason", name: "reason", rows: 2, maxlength: REASON_MAX, required: true }),
  );
}

function typedField(typed: string): Child {
  return h(
    "p",
    { "data-key": "typed" },
    h("label", { for: "act-typed" }, say("field-typed", { id: typed })),
    h("input", {
      id: "act-typed",
      name: "typed",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
    }),
  );
}

function fieldOf(field: Field): Child {
  const id = `act-${field.name}`;
  const help = field.help ? `${id}-help` : null;
  const shared = { id, name: field.name, "aria-describedby": help, required: !field.isOptional };
  let control: Child;
  if (field.kind === "select") {
    const options = (field.options ?? []).map(([value, text]) =>
      h("option", { value, selected: value === field.value }, text),
    );
    control = h("select", shared, options);
  } else {
    const type = { number: "number", text: "text", time: "datetime-local" }[field.kind];
    const limits = { min: field.min, step: field.step, maxlength: type === "text" ? 200 : null };
    control = h("input", { ...shared, type, value: field.value, ...limits });
  }
  const optional = field.isOptional ? ` (${say("optional")})` : "";
  return h(
    "p",
    { "data-key": id },
    h("label", { for: id }, field.label + optional),
    control,
    help ? h("small", { id: help }, field.help) : null,
  );
}

function button(name: string, text: string, against: string | null, isDangerous = false): Child {
  return h(
    "button",
    {
      type: name === "confirm" ? "submit" : "button",
      "data-do": name,
      "data-key": name,
      class: isDangerous ? "danger" : name === "confirm" ? "primary" : null,
      "aria-disabled": against ? "true" : null,
      "aria-describedby": against ? "act-why" : null,
    },
    text,
  );
}
