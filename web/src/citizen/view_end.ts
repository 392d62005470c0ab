// Views of what is over, and of who is asked to sign in or up.

import { h, type Child } from "../shared/dom";
import { ofBoth, say } from "../shared/fluent";
import { count } from "../shared/format";
import * as parts from "./parts";
import type { State } from "./state";
import { trouble } from "./view_line";

const toRounds = (): HTMLElement => h("a", { class: "button full", href: "/" }, say("to-rounds"));

/** What became of the own place: asked for by a tap. */
function story(state: State): Child {
  if (!state.hasTicket) return null;
  if (state.story) return h("p", { class: "notice", "data-figure": "story" }, ofBoth(state.story));
  return h("div", { class: "center" }, parts.plain("story", say("story")));
}

const own = (state: State): Child => {
  const number = state.place?.number;
  return number != null && parts.figures(["number", say("number"), count(number)]);
};

export function soldOut(state: State, now: number): Child[] {
  return [
    parts.card(
      "sold-out",
      parts.headline(say("sold_out-title")),
      h("p", null, say(state.place ? "sold_out-text" : "sold_out-plain")),
      own(state),
      h("p", null, say("sold_out-do")),
      parts.age(state, now),
      toRounds(),
      story(state),
    ),
  ];
}

export function closed(state: State): Child[] {
  return [
    parts.card(
      "closed",
      parts.headline(say("closed-title")),
      h("p", null, say("closed-text")),
      own(state),
      h("p", null, say("sold_out-do")),
      toRounds(),
      story(state),
    ),
  ];
}

export function lapsed(state: State, now: number): Child[] {
  return [
    parts.card(
      "lapsed",
      parts.headline(say("lapsed-title")),
      h("p", null, say("lapsed-text")),
      h("p", null, say("lapsed-do")),
      trouble(state, now),
      parts.primary("again", say("lapsed-again"), state.busy != null),
      story(state),
    ),
  ];
}

export function left(state: State, now: number): Child[] {
  return [
    parts.card(
      "left",
      parts.headline(say("left-title")),
      h("p", null, say("left-text")),
      trouble(state, now),
      parts.primary("join", say("left-again"), state.busy != null),
      h("div", { class: "center" }, h("a", { href: "/" }, say("to-rounds"))),
    ),
  ];
}

export function signIn(state: State, now: number): Child[] {
  const wasSignedOut = state.trouble?.code === "unauthenticated" || state.place != null;
  const code = wasSignedOut ? "unauthenticated" : null;
  return [
    h(
      "section",
      { class: "card", "data-key": "sign-in", "data-code": code, "aria-labelledby": "headline" },
      parts.headline(say("sign_in-title")),
      wasSignedOut && h("p", null, say("sign_in-expired")),
      h("p", null, say("sign_in-text")),
      state.isDev && [
        h("p", { class: "soft" }, say("virtual-person-what")),
        parts.primary("virtual-person", say("virtual-person"), state.busy != null),
      ],
      state.trouble?.code !== "unauthenticated" && trouble(state, now),
      h("div", { class: "center" }, parts.plain("back", say("back"))),
    ),
  ];
}

/** Signing up: terms and an account. `wrong`: what is missing, by field. */
export function signUp(state: State, now: number): Child[] {
  const { wrong } = state;
  const isBusy = state.busy === "sign-up";
  return [
    h(
      "section",
      {
        class: "card",
        "data-key": "sign-up",
        "data-code": "not-registered",
        "aria-labelledby": "headline",
      },
      parts.headline(say("sign_up-title")),
      h("p", null, say("sign_up-text")),
      h(
        "form",
        { "data-form": "sign-up" },
        h(
          "div",
          { class: "field" },
          h("label", { for: "account" }, say("sign_up-account")),
          h("input", {
            id: "account",
            name: "account",
            inputmode: "text",
            autocomplete: "off",
            maxlength: 64,
            required: true,
            value: state.isDev ? "110-000-000000" : null,
            "aria-invalid": wrong === "account" && "true",
            "aria-describedby": "account-what",
          }),
          h(
            "p",
            { id: "account-what", class: wrong === "account" ? "wrong" : "soft small" },
            say(wrong === "account" ? "sign_up-account-missing" : "sign_up-account-what"),
          ),
        ),
        h(
          "label",
          { class: "check" },
          h("input", {
            type: "checkbox",
            id: "terms",
            name: "terms",
            "aria-invalid": wrong === "terms" && "true",
            "aria-describedby": wrong === "terms" && "terms-missing",
          }),
          say("sign_up-terms"),
        ),
        wrong === "terms" &&
          h("p", { class: "wrong", id: "terms-missing" }, say("sign_up-terms-missing")),
        trouble(state, now),
        h(
          "button",
          {
            type: "submit",
            class: "primary",
            "data-do": "sign-up",
            "aria-disabled": isBusy && "true",
          },
          say(isBusy ? "sign_up-busy" : "sign_up-do"),
        ),
      ),
      h("div", { class: "center" }, parts.plain("back", say("back"))),
    ),
  ];
}
