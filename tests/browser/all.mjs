// Every scenario, in the order in which they begin. See ./run.

import { onStage } from "./support/stage.mjs";

import { money } from "./scenarios/money.mjs";
import { gallery } from "./scenarios/gallery.mjs";
import { sale } from "./scenarios/sale.mjs";
import { connection } from "./scenarios/connection.mjs";
import { devices } from "./scenarios/devices.mjs";
import { ends } from "./scenarios/ends.mjs";
import { refusals } from "./scenarios/refusals.mjs";
import { paying } from "./scenarios/paying.mjs";
import { vouchers } from "./scenarios/vouchers.mjs";
import { steering } from "./scenarios/steering.mjs";
import { draw } from "./scenarios/draw.mjs";
import { reach } from "./scenarios/reach.mjs";
import { plain } from "./scenarios/plain.mjs";
import { controls } from "./scenarios/controls.mjs";
import { consoleOfOperators } from "./scenarios/console.mjs";

/** More would only make each other late on two cores. */
const AT_ONCE = Number(process.env.OPENRUN_BROWSER_AT_ONCE ?? 3);

onStage(AT_ONCE, () => {
  for (const define of [
    money,
    gallery,
    sale,
    connection,
    devices,
    ends,
    refusals,
    vouchers,
    paying,
    steering,
    draw,
    reach,
    plain,
    controls,
    consoleOfOperators,
  ]) {
    define();
  }
});
