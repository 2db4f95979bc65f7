/**
 * The current screen: `#/score`, `#/judge`, `#/contribute`, `#/models`. Hashes work under any path
 * of a static host.
 */

import { Store } from "../state/store";

export const SCREENS = ["score", "judge", "contribute", "models"] as const;
export type Screen = (typeof SCREENS)[number];

export interface Route {
  screen: Screen;
  /** The part of the hash after `?`. */
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

/** Opens a screen. */
export function go(screen: Screen, query?: Record<string, string>): void {
  location.hash = href(screen, query);
}

function read(): Route {
  const [, name = "", words = ""] = /^#\/?([^?]*)\??(.*)$/.exec(location.hash) ?? [];
  const screen = SCREENS.find((screen) => screen === name) ?? "score";
  return { screen, query: new URLSearchParams(words) };
}
