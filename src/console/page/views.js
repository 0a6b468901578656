// All views of the console, in the order of the navigation: each with `name`, `icon`, the `right` that it needs, and
// `mount(root, params)`, which returns an object with `update(params)` and `stop()`. One with `start({ setBadge })` is
// started after each log-in, as it has a number beside its name also while another view is shown.

import { view as audit } from "./audit.js";
import { view as conversations } from "./conversations.js";
import { view as dead } from "./dead.js";
import { view as desk } from "./desk.js";
import { view as live } from "./live.js";
import { view as messages } from "./messages.js";
import { view as overview } from "./overview.js";

export const VIEWS = [overview, messages, conversations, dead, desk, audit, live];
