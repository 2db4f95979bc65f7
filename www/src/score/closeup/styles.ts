/** Styles of the close-up. */

import { css } from "lit";

export const closeupStyles = css`
  dialog {
    position: fixed;
    inset: 0;
    width: auto;
    height: auto;
    max-width: none;
    max-height: none;
    padding: 0;
    border: 0;
    color: var(--ink);
    background: var(--ground);
    overflow: hidden;
  }
  dialog[open] {
    display: grid;
    grid-template: auto minmax(0, 1fr) / minmax(0, 1fr) clamp(17rem, 24vw, 26rem);
  }
  .bar {
    grid-column: 1 / -1;
    display: flex;
    align-items: center;
    gap: var(--s2);
    padding: var(--s2) var(--s3);
    border-block-end: 1px solid var(--line);
  }
  .bar button {
    min-width: 2.25rem;
    padding-inline: var(--s2);
  }
  .place {
    min-width: 6rem;
    padding-inline: var(--s2);
    color: var(--soft);
  }
  .group {
    display: flex;
    align-items: center;
    gap: var(--s1);
    margin-inline-start: var(--s4);
  }
  .last {
    margin-inline-start: auto;
  }
  output {
    min-width: 5ch;
    text-align: center;
  }
  .stage {
    display: grid;
    grid-template-columns: repeat(1, minmax(0, 1fr));
    gap: var(--s0);
    min-height: 0;
    background: var(--table);
  }
  .stage[data-panes="2"] {
    grid-template-columns: repeat(2, minmax(0, 1fr));
  }
  .stage[data-panes="3"] {
    grid-template-columns: repeat(3, minmax(0, 1fr));
  }
  .stage[data-panes="4"] {
    grid-template: repeat(2, minmax(0, 1fr)) / repeat(2, minmax(0, 1fr));
  }
  .stage:focus-visible {
    outline-offset: -2px;
  }
  figure {
    display: grid;
    grid-template-rows: minmax(0, 1fr) auto;
    min-height: 0;
    background: var(--ground);
  }
  .active .pane {
    box-shadow: inset 0 0 0 2px var(--mark);
  }
  .pane {
    position: relative;
    overflow: hidden;
    display: grid;
    place-items: center;
    min-height: 0;
    padding: var(--s0);
    cursor: grab;
    touch-action: none;
  }
  .pane:active {
    cursor: grabbing;
  }
  /* The thumbnail is shown until the file is decoded. */
  img {
    width: 100%;
    height: 100%;
    min-height: 0;
    object-fit: contain;
    background: center / contain no-repeat;
    user-select: none;
  }
  .large {
    image-rendering: pixelated;
  }
  .marks {
    position: absolute;
    inset-block-start: var(--s2);
    inset-inline-start: var(--s2);
    padding: var(--s0) var(--s2);
    background: var(--veil);
    pointer-events: none;
  }
  figcaption {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 0 var(--s3);
    padding: var(--s1) var(--s2);
  }
  figcaption button {
    min-width: 0;
    justify-content: flex-start;
    overflow-wrap: anywhere;
    text-align: start;
  }
  .side {
    overflow: auto;
    display: grid;
    align-content: start;
    gap: var(--s5);
    padding: var(--s4);
    border-inline-start: 1px solid var(--line);
  }
  .keys summary {
    min-height: 24px;
    align-content: center;
    cursor: pointer;
    color: var(--soft);
  }
  .keys dl {
    display: grid;
    gap: var(--s1);
    padding-block-start: var(--s2);
  }
  .keys dl div {
    display: grid;
    grid-template-columns: 7.5rem 1fr;
  }
  kbd {
    font: var(--tiny) / 1.4 var(--figures);
    padding: 0 0.35em;
    border: 1px solid var(--line);
    border-radius: var(--corner);
  }
  @media (hover: none), (pointer: coarse) {
    .keys {
      display: none;
    }
  }
  /* On a narrow window, the facts are below the images. */
  @media (max-width: 48rem) {
    dialog[open] {
      grid-template: auto minmax(0, 3fr) minmax(0, 2fr) / minmax(0, 1fr);
    }
    .side {
      border-inline-start: 0;
      border-block-start: 1px solid var(--line);
      padding: var(--s3) var(--s4);
    }
    .bar {
      gap: var(--s1);
      padding: var(--s1) var(--s2);
      overflow-x: auto;
    }
    .group {
      margin-inline-start: var(--s2);
    }
    .last {
      margin-inline-start: auto;
    }
    .place {
      min-width: 0;
      flex-shrink: 0;
      padding-inline: 0;
      white-space: nowrap;
    }
    output {
      display: none;
    }
    .stage[data-panes="3"] {
      grid-template: repeat(2, minmax(0, 1fr)) / repeat(2, minmax(0, 1fr));
    }
  }
  /* Fingers zoom. */
  @media (max-width: 30rem) {
    .zoom {
      display: none;
    }
    .bar .count {
      min-width: 2rem;
    }
  }
  @media (max-width: 48rem) and (orientation: portrait) {
    .stage[data-panes="2"] {
      grid-template: repeat(2, minmax(0, 1fr)) / minmax(0, 1fr);
    }
  }
`;
