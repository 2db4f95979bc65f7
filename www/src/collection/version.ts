/** The version of the page, as records and contributions name it: it is released with the library. `vite.config.ts` puts it in. */

declare const RELEASED_VERSION: string;

export const APP_VERSION = RELEASED_VERSION;
