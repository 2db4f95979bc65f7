/** Which screen is shown: `#/score`, `#/judge`, `#/contribute`, `#/models`. Hashes work under any sub-path of any static host. */

import { Store } from "../state/store";

export const SCREENS = ["score", "judge", "contribute", "models"] as const;
export type Screen = (typeof SCREENS)[number];

export interface Route {
  screen: Screen;
  /** What follows a `?` in the hash. */
  query: URLSearchParams;
}

export const route = new Store<Route>(read());
addEventListener("hashchange", () => {
  route.value = read();
});

/** The address of a screen, for links. */
export function href(screen: Screen, query: Record<string, string> = {}): string {
  const words = new URLSearchParams(query).toString();
  return `#/${screen}${words ? `?${words}` : ""}`;
}

/** Goes to a screen. */
export function go(screen: Screen, query?: Record<string, string>): void {
  location.hash = href(screen, query);
}

function read(): Route {
  const [, name = "", words = ""] = /^#\/?([^?]*)\??(.*)$/.exec(location.hash) ?? [];
  const screen = SCREENS.find((screen) => screen === name) ?? "score";
  return { screen, query: new URLSearchParams(words) };
}
