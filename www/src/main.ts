/** Starts the page: first the host's configuration, then the policy, then everything else. */

import { enforce } from "./shell/policy";
import { loadConfig } from "./state/config";

await loadConfig();
enforce();
await import("./shell/app");
