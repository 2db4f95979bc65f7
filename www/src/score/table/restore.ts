/** Brings the table back as it was: before a reload, a crash, or yesterday. */

import { type Held, hold } from "../../collection/hold";
import { DatabaseError } from "../../collection/open";
import { knowColumns } from "../../engine/panel";
import { board, type BoardState, EMPTY, promptsOfText } from "../board";
import { makePicture, type Picture, reserve, type Source } from "../picture";
import { closeTable, openTable, portions, table } from "./database";
import { beginKeeping, deleteRows } from "./keeper";
import { keeping } from "./keeping";
import { applyMarks } from "./marks";
import { addRoot, checkHandles } from "./permission";
import { keepOnly } from "./private";
import { readResults } from "./results";
import { BOARD, type BoardRow, type ImageRow } from "./rows";

/** Rows per read: few enough for one frame. */
const PORTION = 250;
/** A tab that is being closed or reloaded needs a moment to give the table up, in milliseconds. */
const MOMENT = 250;

let held: Held | undefined;
let begun: Promise<boolean> | undefined;

/** Restores the table, once. Resolves with whether there was one. Never rejects. */
export function restoreTable(): Promise<boolean> {
  begun ??= begin();
  return begun;
}

async function begin(): Promise<boolean> {
  try {
    await openTable(() => keeping.patch({ place: "nowhere", obstacle: { code: "closed", detail: "" } }));
    if (!(await take())) {
      closeTable();
      keeping.patch({ place: "elsewhere" });
      return false;
    }
    const was = await read();
    const uids = board.value.pictures.flatMap(({ source, uid }) => (source.kind === "copy" && uid ? [uid] : []));
    // Files that a killed browser left.
    void keepOnly(new Set(uids)).catch(() => undefined);
    keeping.patch({ place: "browser" });
    beginKeeping();
    void checkHandles();
    return was;
  } catch (error) {
    const { code, detail } = error instanceof DatabaseError ? error : { code: "refused" as const, detail: (error as Error).message };
    closeTable();
    keeping.patch({ place: "nowhere", obstacle: { code, detail } });
    return false;
  }
}

/** One tab has the table, so that two never overwrite each other's. */
async function take(): Promise<boolean> {
  held = (await hold("table")) ?? (await new Promise((resolve) => setTimeout(resolve, MOMENT)).then(() => hold("table")));
  held?.lost.addEventListener("abort", () => {
    closeTable();
    keeping.patch({ place: "taken", saving: false });
  });
  return held !== undefined;
}

/** Takes the table from the tab that has it, and shows it here. */
export async function takeTable(): Promise<void> {
  // The other tab stops writing before this one reads.
  (await hold("table", true))?.release();
  location.reload();
}

async function read(): Promise<boolean> {
  const row = await table()?.get("board", BOARD);
  for (const { id, handle } of (await table()?.getAll("roots")) ?? []) addRoot(id, handle);
  const pictures = new Map<number, Picture>();
  const gone: number[] = [];
  for await (const rows of portions("images", PORTION)) {
    for (const image of rows) {
      if (image.removed) gone.push(image.id);
      else pictures.set(image.id, ofRow(image));
      reserve(image.id);
    }
  }
  for (const id of (await table()?.getAllKeys("previews")) ?? []) {
    const picture = pictures.get(id);
    if (picture) picture.hasPreview = true;
  }
  if (!row && pictures.size === 0) return false;
  const state = stateOf(row ?? {});
  const prompts = promptsOfText(state.text);
  await readResults(pictures, prompts);
  knowColumns(row?.columns ?? []);
  applyMarks(row ?? {});
  const active = Math.min(state.active, Math.max(0, prompts.length - 1));
  board.patch({ ...state, prompts, active, pictures: [...pictures.values()], scored: board.value.scored + 1 });
  void deleteRows(gone).catch(() => undefined);
  return true;
}

function ofRow({ id, path, source: kind, root, caption, removed: _, ...known }: ImageRow): Picture {
  const source: Source = kind === "handle" ? { kind, ...(root !== undefined && { root }) } : { kind };
  return Object.assign(makePicture(source, { id, path, caption }), known, { isKept: true });
}

/** The board's state, with defaults for what an older version did not store. */
function stateOf(row: Partial<BoardRow>): BoardState {
  const fields = Object.entries(EMPTY).map(([field, value]) => [field, row[field as keyof BoardState] ?? value]);
  return Object.fromEntries(fields) as BoardState;
}
