// A drawn round: the same for all in the lobby, then a number, then the line as any other.

import assert from "node:assert/strict";

import { lookOver } from "../support/looks.mjs";
import { at } from "../support/staff.mjs";
import { scenario } from "../support/stage.mjs";

async function drawn(stage) {
  const round = await stage.round({
    state: "scheduled",
    order: "draw",
    lobby_opens_at: at(-60),
    window: { opens_at: at(3_600) },
  });
  const phones = [await stage.waiting(round), await stage.waiting(round, { locale: "en-US" })];
  for (const phone of phones) {
    await phone.sees("lobby");
    assert.equal(await phone.has("leave"), true);
    assert.equal(await phone.figure("number").count(), 0, "no number before the draw");
  }
  await lookOver(phones[0].page, "lobby of a drawn round");
  await stage.server.staff.step(round, "open");
  const numbers = [];
  for (const phone of phones) {
    await phone.looksUntil("waiting");
    await phone.figure("number").waitFor();
    numbers.push(await phone.number("number"));
  }
  assert.deepEqual([...numbers].sort(), [1, 2], "everybody of the lobby has a number of their own");
  await stage.server.staff.letIn(round, 1);
  await phones[numbers.indexOf(1)].looksUntil("admitted");
  assert.equal(await phones[numbers.indexOf(2)].view(), "waiting");
}

export function draw() {
  scenario(
    "in a drawn round the lobby becomes a line, and each has the number that was drawn",
    drawn,
  );
}
