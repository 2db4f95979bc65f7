/**
 * The page's version as written into records and contributions, the same as the library's. Set in
 * `vite.config.ts`.
 */

declare const RELEASED_VERSION: string;

export const APP_VERSION = RELEASED_VERSION;
