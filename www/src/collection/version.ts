/** The version of the page, as records and contributions name it: it is released with the library. */

import { version } from "../../../web/engine/package.json";

export const APP_VERSION: string = version;
