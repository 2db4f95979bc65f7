/** Shared styles of every shadow root: text, links, buttons, fields. */

import { css } from "lit";

export const base = css`
  :host {
    display: block;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  /* The frame of every screen's content. */
  .screen {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: var(--s5);
    padding: var(--s5) var(--gutter) var(--s6);
  }
  h1,
  h2,
  h3,
  p,
  dl,
  dd,
  ol,
  ul,
  figure,
  fieldset {
    margin: 0;
    padding: 0;
    border: 0;
    min-width: 0;
  }
  ol,
  ul {
    list-style: none;
  }
  h1,
  h2,
  h3,
  legend {
    font-size: var(--body);
    font-weight: 600;
    line-height: 1.3;
    text-wrap: balance;
  }
  .title {
    font: 400 var(--title) / 1.25 var(--voice);
    letter-spacing: -0.01em;
  }
  .soft {
    color: var(--soft);
  }
  .small {
    font-size: var(--small);
  }
  .tiny {
    font-size: var(--tiny);
  }
  .figures {
    font-family: var(--figures);
    font-variant-numeric: tabular-nums;
  }
  .voice {
    font-family: var(--voice);
  }
  .hidden-text {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  a {
    color: var(--mark);
    text-decoration-thickness: 1px;
    text-underline-offset: 0.18em;
  }
  a:hover {
    text-decoration-thickness: 2px;
  }
  button,
  .button {
    font: inherit;
    font-size: var(--small);
    line-height: 1.25;
    color: var(--ink);
    background: none;
    border: 1px solid var(--edge);
    border-radius: var(--corner);
    min-height: 2.25rem;
    padding: var(--s1) var(--s3);
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: var(--s2);
    cursor: pointer;
    text-align: center;
    text-decoration: none;
    touch-action: manipulation;
    transition: background-color var(--quick), border-color var(--quick);
  }
  button:hover,
  .button:hover {
    background: var(--table);
  }
  button:active,
  .button:active {
    background: var(--line);
  }
  /* A button that opens a file dialogue: an invisible input covers it. */
  .button:has(> input[type="file"]) {
    position: relative;
  }
  .button > input[type="file"] {
    position: absolute;
    inset: 0;
    opacity: 0;
    font-size: 0;
    cursor: pointer;
  }
  .button:has(> input[type="file"]:focus) {
    outline: 2px solid var(--mark);
    outline-offset: 2px;
  }
  .primary {
    min-height: 2.75rem;
    padding-inline: var(--s5);
    font-weight: 600;
    color: var(--on-mark);
    background: var(--mark);
    border-color: var(--mark);
  }
  .primary:hover,
  .primary:active {
    background: color-mix(in srgb, var(--mark) 88%, var(--ink));
  }
  .quiet {
    border-color: transparent;
    padding-inline: var(--s2);
  }
  .link {
    border: 0;
    min-height: 1.5rem;
    padding: 0;
    color: var(--mark);
    text-decoration: underline;
    text-decoration-thickness: 1px;
    text-underline-offset: 0.18em;
    display: inline;
    text-align: start;
  }
  .link:hover,
  .link:active {
    background: none;
    text-decoration-thickness: 2px;
  }
  button[aria-pressed="true"],
  button[aria-checked="true"] {
    border-color: var(--mark);
    color: var(--mark);
    background: var(--mark-wash);
  }
  button:disabled {
    color: var(--soft);
    border-color: var(--line);
    background: none;
    cursor: default;
  }
  .primary:disabled {
    background: var(--table);
  }
  svg {
    flex: none;
    display: block;
  }
  input,
  textarea,
  select {
    font: inherit;
    color: inherit;
    background: var(--raised);
    border: 1px solid var(--edge);
    border-radius: var(--corner);
    padding: var(--s1) var(--s2);
    min-width: 0;
  }
  select,
  input:not([type="checkbox"], [type="radio"], [type="range"], [type="file"]) {
    min-height: 2.25rem;
  }
  select {
    font-size: var(--small);
  }
  input[type="checkbox"],
  input[type="radio"] {
    width: 1.15rem;
    height: 1.15rem;
    margin: 0;
    flex: none;
  }
  input[type="range"] {
    padding: 0;
    border: 0;
    background: none;
    min-height: 1.5rem;
  }
  ::placeholder {
    color: var(--soft);
    opacity: 1;
  }
  label {
    font-size: var(--small);
  }
  .field {
    display: grid;
    gap: var(--s1);
  }
  /* The box stands beside the first line of its words. */
  .check {
    display: flex;
    align-items: start;
    gap: var(--s2);
    padding-block: var(--s1);
    cursor: pointer;
  }
  .check:has(> input[type="number"]) {
    align-items: center;
  }
  .check > :is([type="checkbox"], [type="radio"]) {
    margin-block-start: var(--s0);
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s2) var(--s3);
  }
  .stack {
    display: grid;
    gap: var(--s4);
  }
  :focus-visible {
    outline: 2px solid var(--mark);
    outline-offset: 2px;
    border-radius: var(--corner);
  }
  /* Focused when a screen changes, so that screen readers continue there; not interactive. */
  :is(main, h1, h2)[tabindex="-1"]:focus-visible {
    outline: none;
  }
  progress {
    appearance: none;
    width: 100%;
    height: 4px;
    border: 0;
    border-radius: 2px;
    background: var(--line);
    overflow: hidden;
  }
  progress::-webkit-progress-bar {
    background: var(--line);
  }
  progress::-webkit-progress-value {
    background: var(--mark);
  }
  progress::-moz-progress-bar {
    background: var(--mark);
  }
  /* Problems have an icon and a bar, because colour alone is not enough. */
  .problem,
  .notice {
    border-inline-start: 3px solid var(--ink);
    padding: var(--s1) 0 var(--s1) var(--s3);
    overflow-wrap: anywhere;
  }
  .notice {
    border-color: var(--line);
    color: var(--soft);
  }
  /* Not "drop", which is a class of the buttons for marks. */
  .drop-veil {
    position: fixed;
    inset: 0;
    z-index: 40;
    display: grid;
    place-items: center;
    background: var(--veil);
    border: 3px solid var(--mark);
    pointer-events: none;
  }
  @media (pointer: coarse) {
    button:not(.link),
    .button,
    select {
      min-height: 2.75rem;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation: none !important;
    }
  }
`;
