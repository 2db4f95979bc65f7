/** Removes the table from this device: images, prompts, scores, selection. */

import { board, EMPTY } from "../board";
import { change } from "./database";
import { replaceAll } from "./keeper";
import { applyMarks } from "./marks";
import { forgetRoots } from "./permission";
import { keepOnly } from "./private";
import { STORES } from "./rows";

export function clearTable(): Promise<void> {
  return replaceAll(
    () => {
      board.patch({ ...EMPTY, tile: board.value.tile, pictures: [], prompts: [] });
      applyMarks({});
    },
    async () => {
      forgetRoots();
      await change(STORES, "strict", (transaction) => {
        for (const name of STORES) void transaction.objectStore(name).clear().catch(() => undefined);
      });
      await keepOnly(new Set());
    },
  );
}
