/** Styles of a round on the screen. */

import { css } from "lit";

export const roundStyle = css`
  :host {
    display: grid;
    grid-template-rows: auto auto minmax(14rem, 1fr) auto auto;
    gap: var(--s3);
    padding: var(--s4) var(--gutter) var(--s3);
    min-height: calc(100dvh - 3.1rem);
  }
  header {
    grid-row: 1;
    display: grid;
    grid-template-columns: 1fr auto;
    gap: var(--s2) var(--s6);
    align-items: end;
  }
  h1 {
    font-weight: 400;
    font-size: var(--large);
    max-width: 60ch;
    max-height: 4.2em;
    overflow: auto;
    overflow-wrap: anywhere;
  }
  .far {
    display: grid;
    gap: var(--s1);
    min-width: 9rem;
    text-align: end;
    color: var(--soft);
  }
  .problem {
    grid-row: 2;
  }
  .pair,
  .group {
    grid-row: 3;
    display: grid;
    gap: var(--s3);
    min-height: 0;
    /* Left stays left, also in right-to-left languages. */
    direction: ltr;
  }
  .pair {
    grid-template-columns: 1fr 1fr;
    /* Fingers scroll along the other axis only. */
    touch-action: pan-y pinch-zoom;
  }
  .pair figure {
    translate: var(--x) var(--y);
  }
  .pair button {
    touch-action: inherit;
  }
  .group {
    grid-template-columns: repeat(var(--columns), minmax(0, 1fr));
    grid-auto-rows: minmax(6rem, 1fr);
  }
  .marked .picture,
  .marked .picture:hover {
    outline: 3px solid var(--mark);
  }
  figure {
    display: grid;
    grid-template-rows: minmax(0, 1fr) auto;
    gap: var(--s1);
    min-width: 0;
    min-height: 0;
    position: relative;
  }
  figcaption {
    display: flex;
    justify-content: space-between;
    gap: var(--s3);
  }
  .picture {
    position: relative;
    border-color: transparent;
    background: var(--table);
    padding: 0;
    height: 100%;
    width: 100%;
    overflow: hidden;
  }
  .picture:hover {
    border-color: var(--edge);
    background: var(--table);
  }
  .picture:active {
    border-color: var(--mark);
  }
  .picture img {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    object-fit: contain;
    user-select: none;
  }
  .picture .gone {
    display: grid;
    justify-items: center;
    gap: var(--s2);
    padding: var(--s4);
  }
  .answers {
    grid-row: 4;
    display: grid;
    grid-template-columns: 1fr auto 1fr;
    gap: var(--s3);
    direction: ltr;
  }
  .answer {
    min-height: 3.25rem;
    font-size: var(--body);
    font-weight: 600;
    background: var(--raised);
  }
  .answer:only-of-type {
    grid-column: 2;
  }
  .answer.tie {
    min-width: min(18vw, 14rem);
  }
  .quiet:disabled {
    border-color: transparent;
  }
  .aside {
    grid-column: 1 / -1;
    display: flex;
    justify-content: space-between;
  }
  /* On the image that the key or the swipe chooses. */
  .hint {
    position: absolute;
    inset-block-end: var(--s2);
    inset-inline-start: var(--s2);
    background: var(--raised);
    color: var(--ink);
    font-size: var(--small);
  }
  .pair figure:last-child .hint {
    inset-inline: auto var(--s2);
  }
  .pace {
    min-height: 1.5em;
  }
  kbd {
    font: var(--tiny) / 1.4 var(--figures);
    color: var(--soft);
    border: 1px solid var(--line);
    border-radius: var(--corner);
    min-width: 1.5em;
    padding: 0 0.3em;
    text-align: center;
  }
  footer {
    grid-row: 5;
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: var(--s1) var(--s5);
    min-height: 1.75rem;
  }
  @media (max-width: 48rem) {
    :host {
      min-height: calc(100dvh - 5.9rem);
    }
  }
  @media (max-width: 40rem) and (orientation: portrait) {
    .pair {
      grid-template-columns: 1fr;
      grid-template-rows: 1fr 1fr;
      touch-action: pan-x pinch-zoom;
    }
    :host {
      gap: var(--s2);
      padding-block-start: var(--s3);
    }
    header {
      grid-template-columns: 1fr;
    }
    h1 {
      font-size: var(--body);
      max-height: 2.8em;
    }
    .far {
      grid-template-columns: auto 1fr auto;
      align-items: center;
      gap: var(--s3);
    }
    .answers {
      gap: var(--s2);
    }
    .answer {
      padding-inline: var(--s2);
    }
  }
  @media (hover: none) {
    .answer kbd,
    .aside kbd {
      display: none;
    }
  }
`;
