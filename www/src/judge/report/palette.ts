/** The page's colours as values, for files that have no style sheet of the page. */

const NAMES = ["ground", "table", "line", "edge", "ink", "soft", "mark"] as const;

export type Ink = (typeof NAMES)[number];
export type Palette = Readonly<Record<Ink, string>>;
export type Theme = "light" | "dark";

/** The colours of a theme. The browser computes them from `tokens.css`. */
export function paletteOf(theme: Theme): Palette {
  const probe = document.createElement("span");
  probe.style.colorScheme = theme;
  probe.hidden = true;
  document.body.append(probe);
  const colour = (name: Ink) => {
    probe.style.color = `var(--${name})`;
    return hexadecimal(getComputedStyle(probe).color);
  };
  const palette = Object.fromEntries(NAMES.map((name) => [name, colour(name)])) as Record<Ink, string>;
  probe.remove();
  return palette;
}

/** The theme that the page has now. */
export function currentTheme(): Theme {
  const { theme } = document.documentElement.dataset;
  return theme === "light" || theme === "dark" ? theme : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** `rgb(1, 2, 3)` as `#010203`, which every program that opens an SVG file knows. */
function hexadecimal(colour: string): string {
  const parts = colour.match(/\d+/g)?.slice(0, 3) ?? [];
  return `#${parts.map((part) => Number(part).toString(16).padStart(2, "0")).join("")}`;
}
