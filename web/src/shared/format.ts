// Numbers, money and times in words, in the page's language and in the time of Seoul.

import { language, say } from "./fluent";

const LOCALE = language === "ko" ? "ko-KR" : "en-GB";
const SEOUL = "Asia/Seoul";

const numbers = new Intl.NumberFormat(LOCALE);
const clock = new Intl.DateTimeFormat(LOCALE, {
  timeZone: SEOUL,
  hour: "numeric",
  minute: "2-digit",
});
const dayAndClock = new Intl.DateTimeFormat(LOCALE, {
  timeZone: SEOUL,
  month: language === "ko" ? "long" : "short",
  day: "numeric",
  weekday: "short",
  hour: "numeric",
  minute: "2-digit",
});
const day = new Intl.DateTimeFormat(LOCALE, { timeZone: SEOUL, dateStyle: "medium" });

/** `124001` as `124,001`. */
export const count = (value: number): string => numbers.format(value);

/** `300000` as `300,000원`. */
export const won = (amount: number): string => say("won", { amount: numbers.format(amount) });

/** Basis points as a percentage: `700` as `7%`. */
export const percent = (bps: number): string => `${numbers.format(bps / 100)}%`;

/** The time of day, with the day unless it is today. `now` in milliseconds. */
export function moment(at: string | number, now: number): string {
  const date = new Date(at);
  const isToday = day.format(date) === day.format(new Date(now));
  return korean((isToday ? clock : dayAndClock).format(date));
}

/** Some browsers write the halves of a Korean day in English. */
const korean = (text: string): string =>
  language === "ko" ? text.replace("AM", "오전").replace("PM", "오후") : text;

/** The day and the time of day. */
export const longMoment = (at: string | number): string => korean(dayAndClock.format(new Date(at)));

const two = (value: number): string => String(value).padStart(2, "0");

/** What is left as a clock shows it: `4:05`, `1:04:05`, `2일 1:04:05`. Never below nothing. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24];
  const [minutes, rest] = [Math.floor(seconds / 60) % 60, two(seconds % 60)];
  if (days > 0) return say("days-and", { days, rest: `${hours}:${two(minutes)}:${rest}` });
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** A length of time in words: `4분 5초`, `1시간 4분`. */
export function inWords(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const parts = [];
  if (hours > 0) parts.push(say("hours", { count: hours }));
  if (minutes > 0) parts.push(say("minutes", { count: minutes }));
  if (hours === 0 && (minutes === 0 || seconds % 60 > 0)) {
    parts.push(say("seconds", { count: seconds % 60 }));
  }
  return parts.join(" ");
}

/** How long ago: `방금`, `3초 전`, `2분 전`. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 2) return say("ago-now");
  return say("ago", { time: seconds < 60 ? inWords(seconds * 1_000) : minutesOf(seconds) });
}

const minutesOf = (seconds: number): string => inWords(Math.floor(seconds / 60) * 60_000);

/** The wider a range, the rounder: nobody can say 83 minutes. Steps in minutes, by the end. */
const STEPS: [upTo: number, step: number][] = [
  [20, 1],
  [60, 5],
  [180, 10],
  [Infinity, 30],
];

/** A wait as a range in plain words: `약 12~18분`. Seconds in. */
export function range(least_s: number, most_s: number): string {
  const end = Math.ceil(most_s / 60);
  if (end <= 1) return say("range-within", { time: say("minutes", { count: 1 }) });
  const step = STEPS.find(([upTo]) => end <= upTo)?.[1] ?? 30;
  const from = Math.floor(least_s / 60 / step) * step;
  const to = Math.ceil(most_s / 60 / step) * step;
  if (from < 1) return say("range-within", { time: inWords(to * 60_000) });
  if (from === to) return say("range-one", { time: inWords(to * 60_000) });
  if (to < 60) return say("range-minutes", { from, to });
  return say("range", { from: inWords(from * 60_000), to: inWords(to * 60_000) });
}
