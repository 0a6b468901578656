// All views of the console, in the order of the navigation.

import { view as dead } from "./dead.js";
import { view as messages } from "./messages.js";
import { view as overview } from "./overview.js";

export const VIEWS = [overview, messages, dead];
