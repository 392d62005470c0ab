// Paying a merchant. The search is forms and links, as the server wrote them; the page of one
// merchant is taken over, because who pays is known to this browser and not to the server.

import { arrive } from "../citizen/arriving";
import { PayPage } from "./page";

arrive((main, caller, memory, clock) => {
  const merchant = location.pathname.split("/")[2];
  // A refusal is said by the server.
  if (merchant && !main.dataset["code"]) new PayPage(main, merchant, caller, memory, clock);
});
