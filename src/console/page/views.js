// All views of the console, in the order of the navigation.

import { view as audit } from "./audit.js";
import { view as conversations } from "./conversations.js";
import { view as dead } from "./dead.js";
import { view as desk } from "./desk.js";
import { view as live } from "./live.js";
import { view as messages } from "./messages.js";
import { view as overview } from "./overview.js";

export const VIEWS = [overview, messages, conversations, dead, desk, audit, live];
