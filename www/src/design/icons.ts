/**
 * Line icons on a 16-pixel grid, drawn for this page. Hidden from screen readers: a text or label
 * next to each says the same.
 */

import { svg, html, type TemplateResult } from "lit";

const PATHS = {
  close: "M3.5 3.5l9 9m0-9l-9 9",
  check: "M2.5 8.5l3.5 3.5 7.5-8",
  add: "M8 2.5v11M2.5 8h11",
  folder: "M1.5 12.5v-9h4.5l1.5 2h7v7z",
  image: "M1.5 2.5h13v11h-13zM1.5 11l4-4 4 4 2-2 3 3M10.5 6h.01",
  download: "M8 2v8m-3.5-3.5L8 10l3.5-3.5M2.5 13.5h11",
  copy: "M5.5 5.5h8v8h-8zM3 10.5h-.5v-8h8V3",
  remove: "M2.5 4h11M6 4V2.5h4V4M4 4l.7 9.5h6.6L12 4M6.5 7v4M9.5 7v4",
  pause: "M5 3v10M11 3v10",
  play: "M4.5 2.5l8.5 5.5-8.5 5.5z",
  enlarge: "M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5L9 7M2.5 13.5L7 9",
  shrink: "M13 7H9V3M3 9h4v4M9 7l4.5-4.5M7 9l-4.5 4.5",
  choose: "M1.5 3.5l1.5 1.5 2.5-3M1.5 11.5L3 13l2.5-3M8 4h6.5M8 12h6.5",
  compare: "M1.5 3h5.5v10H1.5zM9 3h5.5v10H9z",
  left: "M10 3L5 8l5 5",
  right: "M6 3l5 5-5 5",
  undo: "M5.5 2.5L2.5 5.5l3 3M2.5 5.5h7a4 4 0 010 8H6",
  alert: "M8 1.8l6.7 12H1.3zM8 6.2v3.6M8 11.8v.01",
  info: "M8 1.5a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM8 7v4.2M8 4.8v.01",
  theme: "M8 1.5a6.5 6.5 0 100 13zM8 1.5a6.5 6.5 0 010 13",
  language: "M8 1.5a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM1.8 8h12.4M8 1.5c-4 4-4 9 0 13 4-4 4-9 0-13z",
  plus: "M7 2.5a4.5 4.5 0 100 9 4.5 4.5 0 000-9zM10.3 10.3l3.7 3.7M7 5v4M5 7h4",
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName, size = 16): TemplateResult {
  return html`<svg width=${size} height=${size} viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${svg`<path d=${PATHS[name]} />`}</svg>`;
}
