// The page that people wait and buy on. Takes over what the server wrote into `main`.

import { arrive } from "./arriving";
import { MePage } from "./me_page";
import { RoundPage } from "./round_page";
import { RoundsPage } from "./rounds_page";

arrive((main, caller, memory, clock) => {
  const round = main.dataset["round"] ?? "";
  if (main.dataset["page"] === "round") new RoundPage(main, round, caller, memory, clock);
  else if (main.dataset["page"] === "me") new MePage(main, caller, memory, clock);
  else new RoundsPage(main, caller, memory, clock);
});
