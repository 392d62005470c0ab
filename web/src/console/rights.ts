// Who may do what, and why not: the server decides; this only says it before anybody tries.

import { say } from "../shared/fluent";
import type { LifeCycle, Round } from "./figures";
import { connection, state, type Role } from "./state";

const STEPS: Record<string, readonly LifeCycle[]> = {
  schedule: ["draft"],
  open: ["draft", "scheduled", "lobby"],
  pause: ["lobby", "open", "sold_out"],
  resume: ["paused"],
  close: ["draft", "scheduled", "lobby", "open", "paused", "sold_out"],
  inlet: ["draft", "scheduled", "lobby", "open", "paused", "sold_out"],
  "stock-ask": ["lobby", "open", "paused", "sold_out"],
  notice: ["draft", "scheduled", "lobby", "open", "paused", "sold_out"],
};

const ROLES: Record<string, readonly Role[]> = {
  "stock-confirm": ["approver"],
  "stock-refuse": ["operator", "approver"],
  "look-up": ["viewer", "operator", "approver"],
};

/** Where opening takes two persons: one asks, another one confirms by the same step. */
const ASK_OR_CONFIRM: readonly Role[] = ["operator", "approver"];

/** Why this cannot be done now, in words; null when it can. */
export function whyNot(action: string, round?: Round | null): string | null {
  const staff = state.staff;
  if (!staff) return say("why-signed-out");
  const opens = action === "schedule" || action === "open";
  const takesTwo = opens && round?.opening === "two_persons";
  const roles = takesTwo ? ASK_OR_CONFIRM : (ROLES[action] ?? ["operator"]);
  if (!roles.includes(staff.role)) {
    return say("why-role", { roles: roles.map((role) => say(`role-${role}`)).join(", ") });
  }
  if (connection() !== "ok") return say("why-away");
  const states = STEPS[action];
  if (states && round && !states.includes(round.state)) {
    return say("why-state", { state: say(`state-${round.state.replace("_", "-")}`) });
  }
  if (takesTwo && staff.role === "approver") {
    if (round?.opening_ask?.step !== action) return say("why-nobody-asked");
    if (round.opening_ask.asked_by === staff.actor) return say("why-own-ask");
  }
  if (action === "stock-ask" && round?.stock_ask) return say("why-pending");
  if (action === "stock-confirm" && round?.stock_ask?.asked_by === staff.actor) {
    return say("why-own-ask");
  }
  return null;
}
