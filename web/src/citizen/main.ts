// The page that people wait and buy on.

import { say } from "../shared/fluent";

console.debug(say("name"));
