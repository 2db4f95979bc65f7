/** Styles of the contact sheet. */

import { css } from "lit";

export const sheetStyle = css`
  .table {
    position: relative;
    contain: layout style;
  }
  .heading {
    position: absolute;
    inset-block-start: 0;
    inset-inline: 0;
    height: 4.5rem;
    padding-block-end: var(--s2);
    display: flex;
    flex-direction: column;
    justify-content: flex-end;
    font-weight: 400;
  }
  .heading .voice {
    display: -webkit-box;
    -webkit-box-orient: vertical;
    -webkit-line-clamp: 2;
    overflow: hidden;
    line-height: 1.3;
  }
  .tile {
    position: absolute;
    inset-block-start: 0;
    left: 0;
    transition: transform 0s, width 0s;
    scroll-margin-block: 6rem calc(var(--below, 0px) + 2rem);
    contain: layout style;
  }
  .frame {
    height: var(--tall);
  }
  /* Only while the order changes: an element that an image has left must not glide. */
  .gliding .tile {
    transition: transform var(--glide), width var(--glide);
  }
  .gliding .frame {
    transition: height var(--glide);
  }
  .frame img {
    width: var(--drawn-width);
    height: var(--drawn-height);
  }
  .frame:focus-visible {
    outline-offset: 3px;
  }
  .selected .frame img {
    outline: 3px solid var(--mark);
    outline-offset: -3px;
  }
  /*
   * Images are centred at the bottom of their places, and overlays are positioned by the drawn
   * size. They stay inside even if an image is very wide.
   */
  .select,
  .tile .bucket,
  .tile .unlike {
    --inset-inline: calc(max(0px, (var(--side) - var(--drawn-width)) / 2) + 6px);
    position: absolute;
  }
  .dropped .frame img {
    opacity: 0.4;
  }
  .tile .bucket {
    inset-block-start: min(var(--tall) - var(--drawn-height) + 6px, var(--tall) - 1.7rem);
    inset-inline-start: var(--inset-inline);
    padding: var(--s0) var(--s2);
    font-size: var(--tiny);
    line-height: 1.4;
    background: var(--veil);
    border: 1px solid var(--edge);
    pointer-events: none;
  }
  .tile .kept {
    font-weight: 600;
    color: var(--on-mark);
    background: var(--mark);
    border-color: var(--mark);
  }
  /* Long words fold upwards. */
  .tile .unlike {
    inset-block-start: calc(var(--tall) - 6px);
    inset-inline-start: var(--inset-inline);
    max-width: calc(var(--side) - 12px);
    translate: 0 -100%;
    padding: var(--s0) var(--s1);
    font-size: var(--tiny);
    line-height: 1.25;
    background: var(--veil);
    pointer-events: none;
  }
  .narrow :is(.bucket, .unlike) {
    inset-inline-start: 50%;
    translate: -50%;
    width: max-content;
  }
  .narrow .unlike {
    max-width: var(--side);
    translate: -50% -100%;
  }
  /* The checkbox is above it. */
  .narrow .bucket {
    margin-block-start: 2.25rem;
  }
  .select {
    --box: 1.75rem;
    inset-block-start: min(var(--tall) - var(--drawn-height) + 6px, var(--tall) - var(--box) - 2px);
    inset-inline-end: min(var(--inset-inline), (var(--side) - var(--box)) / 2);
    width: var(--box);
    height: var(--box);
    min-height: 0;
    padding: 0;
    color: transparent;
    background: var(--veil);
    border: 1px solid var(--edge);
    opacity: 0;
  }
  .tile:hover .select,
  .select:focus-visible,
  .frame:focus-visible + .select,
  .selected .select {
    opacity: 1;
  }
  .select:hover {
    color: var(--soft);
    background: var(--veil);
  }
  .select[aria-checked="true"] {
    color: var(--on-mark);
    background: var(--mark);
    border-color: var(--mark);
  }
  @media (hover: none), (pointer: coarse) {
    .select {
      --box: 2.25rem;
      opacity: 1;
      min-height: 0 !important;
    }
  }
`;
