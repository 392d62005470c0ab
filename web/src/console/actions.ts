// What staff can do, each as a form: its fields, what is sent, whether it can be tried before.
//
// Knows no elements: dialog.ts shows it.

import { say } from "../shared/fluent";
import type { Round, Suspension } from "./figures";
import { change, dateTime, named } from "./words";

export interface Field {
  name: string;
  label: string;
  kind: "number" | "text" | "select" | "time";
  value: string;
  help?: string;
  options?: readonly (readonly [string, string])[];
  isOptional?: boolean;
  /** Of a number. */
  step?: number;
  min?: number;
}

export type Values = Record<string, string>;

export interface Request {
  method: "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
}

export interface Action {
  name: string;
  title: string;
  /** What it means, in sentences. */
  meaning: string[];
  fields: Field[];
  /** Whether the server can say what would happen. */
  canTry: boolean;
  needsReason: boolean;
  /** Must be typed before it is done. */
  typed: string | null;
  isDangerous: boolean;
  /** The version of the round or the list that was looked at: another one is not touched. */
  version?: number;
  request(values: Values, reason: string): Request | { fault: string };
}

const PLAIN = { fields: [], canTry: true, needsReason: true, typed: null, isDangerous: false };
const pathOf = (round: Round): string => `/v1/admin/rounds/${encodeURIComponent(round.id)}`;

/** A step of a round's life. */
export function step(name: string, round: Round): Action {
  const isClose = name === "close";
  const takesTwo = round.opening === "two_persons" && (name === "schedule" || name === "open");
  const asked = round.opening_ask?.step === name ? round.opening_ask.asked_by : null;
  const meaning = [say(`means-${name}`)];
  if (takesTwo) meaning.push(asked ? say("means-opening-asked", { by: asked }) : say("means-opening-ask"));
  return {
    ...PLAIN,
    name,
    title: say(`do-${name}`),
    meaning,
    typed: isClose ? round.id : null,
    isDangerous: isClose,
    request: (_, reason) => ({ method: "POST", path: `${pathOf(round)}/${name}`, body: { reason } }),
  };
}

const INLET = ["rate_per_s", "max_active", "claim_window_s", "pass_ttl_s"] as const;

/** Figures of the inlet; only what differs is sent. */
export function inlet(round: Round): Action {
  const now = round.inlet;
  const number = (name: (typeof INLET)[number]): Field => ({
    name,
    label: named("field-inlet", name),
    kind: "number",
    value: `${now[name]}`,
    min: name === "rate_per_s" ? 0 : 1,
    step: name === "rate_per_s" ? 0.001 : 1,
  });
  const mode: Field = {
    name: "mode",
    label: say("field-inlet-mode"),
    kind: "select",
    value: now.mode,
    options: (["auto", "manual", "shut"] as const).map((it) => [it, say(`mode-${it}`)]),
  };
  return {
    ...PLAIN,
    name: "inlet",
    title: say("do-inlet"),
    meaning: [say("means-inlet")],
    fields: [...INLET.map(number), mode],
    request: (values, reason) => {
      const body: Record<string, unknown> = {};
      for (const name of INLET) {
        const value = Number(values[name]);
        if (values[name] === "" || !Number.isFinite(value)) return { fault: say("fault-number") };
        if (value !== now[name]) body[name] = value;
      }
      if (values["mode"] !== now.mode) body["mode"] = values["mode"];
      if (Object.keys(body).length === 0) return { fault: say("fault-same") };
      return { method: "PATCH", path: `${pathOf(round)}/inlet`, body: { ...body, reason } };
    },
  };
}

/** More or less stock, for a second person to confirm. */
export function askStock(round: Round): Action {
  const alive = round.windows.filter((window) => window.phase !== "over");
  const options = alive.map((it) => [it.id, it.id] as const);
  return {
    ...PLAIN,
    name: "stock-ask",
    title: say("do-stock-ask"),
    meaning: [say("means-stock-ask"), say("means-stock-least")],
    typed: round.id,
    fields: [
      { name: "window", label: say("field-window"), kind: "select", options, value: alive[0]?.id ?? "" },
      { name: "change", label: say("field-change"), kind: "number", value: "", help: say("help-change"), step: 1 },
    ],
    request: (values, reason) => {
      const won = Number(values["change"]);
      if (!values["change"] || !Number.isSafeInteger(won)) return { fault: say("fault-number") };
      const body = { window_id: values["window"], change_won: won, reason };
      return { method: "POST", path: `${pathOf(round)}/stock`, body };
    },
  };
}

/** The second person's answer. */
export function answerStock(round: Round, isConfirmed: boolean): Action | null {
  const ask = round.stock_ask;
  if (!ask) return null;
  const word = isConfirmed ? "confirm" : "refuse";
  const facts = { by: ask.asked_by, change: change(ask.change_won), window: ask.window_id };
  return {
    ...PLAIN,
    name: `stock-${word}`,
    title: say(`do-stock-${word}`),
    meaning: [say("means-asked", facts), say("means-why", { reason: ask.reason })],
    canTry: isConfirmed,
    typed: isConfirmed ? round.id : null,
    isDangerous: isConfirmed && ask.change_won < 0,
    request: (_, reason) => ({
      method: "POST",
      path: `${pathOf(round)}/stock/${ask.id}/${word}`,
      body: { reason },
    }),
  };
}

/** `2026-07-28T10:00`, as somebody in Korea means it. */
const seoul = (local: string): string => `${local}${local.length === 16 ? ":00" : ""}+09:00`;

const message = (): Field[] => [
  { name: "ko", label: say("field-ko"), kind: "text", value: "" },
  { name: "en", label: say("field-en"), kind: "text", value: "" },
];

/** A notice to everybody in a round. */
export function notice(round: Round): Action {
  return {
    ...PLAIN,
    name: "notice",
    title: say("do-notice"),
    meaning: [say("means-notice")],
    canTry: false,
    fields: [
      ...message(),
      { name: "until", label: say("field-until"), kind: "time", value: "", isOptional: true },
    ],
    request: (values, reason) => {
      if (!values["ko"]?.trim() || !values["en"]?.trim()) return { fault: say("fault-both") };
      const until = values["until"] ? seoul(values["until"]) : undefined;
      const words = { ko: values["ko"].trim(), en: values["en"].trim() };
      const body = { round_id: round.id, message: words, until, reason };
      return { method: "POST", path: "/v1/admin/notices", body };
    },
  };
}

/** Takes a notice back. */
export function withdraw(id: string, text: string): Action {
  return {
    ...PLAIN,
    name: "withdraw",
    title: say("do-withdraw"),
    meaning: [say("means-withdraw", { text })],
    canTry: false,
    needsReason: false,
    request: () => ({ method: "DELETE", path: `/v1/admin/notices/${encodeURIComponent(id)}` }),
  };
}

const FEATURES = ["sign_up", "merchant_search", "gifts"] as const;

/** One more feature switched off for a time; the list is sent as a whole. */
export function suspend(all: readonly Suspension[]): Action {
  const options = FEATURES.map((it) => [it, named("feature", it)] as const);
  return {
    ...PLAIN,
    name: "suspend",
    title: say("do-suspend"),
    meaning: [say("means-suspend")],
    canTry: false,
    fields: [
      { name: "feature", label: say("field-feature"), kind: "select", options, value: "sign_up" },
      { name: "from", label: say("field-from"), kind: "time", value: "", isOptional: true },
      { name: "until", label: say("field-until-needed"), kind: "time", value: "" },
      {
        name: "over",
        label: say("field-over"),
        kind: "number",
        value: "",
        isOptional: true,
        min: 1,
        help: say("help-over"),
      },
      ...message(),
    ],
    request: (values, reason) => {
      if (!values["until"]) return { fault: say("fault-until") };
      if (!values["ko"]?.trim() || !values["en"]?.trim()) return { fault: say("fault-both") };
      const one = {
        feature: values["feature"],
        ...(values["from"] ? { from: seoul(values["from"]) } : {}),
        until: seoul(values["until"]),
        message: { ko: values["ko"].trim(), en: values["en"].trim() },
        ...(values["over"] ? { when_waiting_over: Number(values["over"]) } : {}),
      };
      return replaced([...all, one], reason);
    },
  };
}

/** What was looked at is what is acted on: who was slower than another person is told so. */
export const asSeen = (action: Action, { version }: { version: number }): Action => ({ ...action, version });

/** Switches something on again: one of `all` by its content, null when it is no longer there. */
export function lift(all: readonly Suspension[], chosen: Suspension | undefined): Action | null {
  const index = all.findIndex((it) => JSON.stringify(it) === JSON.stringify(chosen));
  const one = all[index];
  if (!one) return null;
  const facts = {
    feature: named("feature", one.feature),
    until: dateTime(one.until),
  };
  return {
    ...PLAIN,
    name: "lift",
    title: say("do-lift"),
    meaning: [say("means-lift", facts)],
    canTry: false,
    request: (_, reason) => replaced(all.filter((_, at) => at !== index), reason),
  };
}

function replaced(suspensions: readonly unknown[], reason: string): Request {
  return { method: "PUT", path: "/v1/admin/suspensions", body: { suspensions, reason } };
}
