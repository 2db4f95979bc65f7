/** Styles of the screen Score. */

import { css } from "lit";

export const screenStyle = css`
  /* Not a grid: in one, what is sticky stays in its row. */
  .screen {
    display: flex;
    flex-direction: column;
    gap: var(--s4);
  }
  .screen > * {
    min-width: 0;
  }
  prompt-box {
    margin-block-end: var(--s2);
  }
  .status {
    margin-block: calc(-1 * var(--s2));
    min-height: 2.75rem;
    display: grid;
    grid-template-columns: minmax(0, 1fr);
  }
  /* Reserves the grid's space until there are images. */
  .coming {
    min-height: 100vh;
  }
  .empty {
    display: grid;
    gap: var(--s2);
    place-items: center;
    place-content: center;
    text-align: center;
    min-height: 40vh;
    padding: var(--s5);
    background: var(--table);
  }
  .beside {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s2) var(--s5);
  }
  .beside ul {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s1) var(--s2);
  }
  .beside li {
    display: flex;
    align-items: center;
    gap: var(--s1);
    min-height: 2rem;
    padding-inline: var(--s3);
    border: 1px solid var(--line);
    border-radius: 1rem;
  }
  .beside li:last-child {
    border-color: transparent;
  }
  .beside li button {
    min-height: 1.5rem;
    padding: var(--s0);
    margin-inline-end: calc(-1 * var(--s2));
  }
  .beside select {
    max-width: 22rem;
  }
  .demonstration {
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    align-items: center;
    gap: var(--s3) var(--s6);
    padding-block: var(--s4);
    border-block-start: 1px solid var(--line);
    margin-block-start: var(--s5);
  }
  .demonstration > p:first-child {
    flex: 1 1 20rem;
    max-width: var(--measure);
  }
  .offer {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--s2) var(--s3);
  }
  .meaning {
    max-width: var(--measure);
    padding-block: var(--s3) var(--s5);
  }
  .meaning h2 {
    font-size: var(--small);
  }
`;
