/** What a save, or its undoing, has come to: shown and in words. */

import { html, nothing, type TemplateResult } from "lit";
import { bytes, number } from "../../text/format";
import { explainRemark, explainSave, keepText } from "../../text/keep";
import { scoreText } from "../../text/score";
import type { SaveProblem } from "./problem";
import type { FolderSave, Remark } from "./save";
import type { Undone } from "./undo";
import type { ZipSaved } from "./zip-save";

/** Most names that are listed. */
const MOST = 8;

export function stoppedView(problem: SaveProblem, save: FolderSave | undefined): TemplateResult {
  return html`<div class="problem" role="alert">
      <p>${explainSave(problem)}</p>
      <p>${save ? keepText.whole(number(save.saved.length), number(save.total)) : keepText.nothingSaved}</p>
    </div>
    ${remarksView(save?.remarks ?? [])}`;
}

/** What was saved, in sentences. */
export function savedWords(zip: ZipSaved | undefined, save: FolderSave | undefined): string[] {
  if (zip) return [zipWords(zip), ...(zip.table ? [keepText.savedTableZip(zip.table)] : [])];
  return save ? [outcomeOf(save), ...(save.table ? [keepText.savedTable(save.table.name)] : [])] : [];
}

export function writtenView({ saved, table }: FolderSave): TemplateResult {
  return html`<details class="small">
    <summary>${keepText.written}</summary>
    ${list([...saved, ...(table ? [table] : [])].map(({ name }) => name))}
  </details>`;
}

export function remarksView(remarks: readonly Remark[]): TemplateResult | typeof nothing {
  return remarks.length === 0 ? nothing : html`<div class="problem small" role="alert">${list(remarks.map(explainRemark))}</div>`;
}

export function outcomeOf({ saved, folder }: FolderSave): string {
  const moved = saved.length > 0 && saved.every(({ origin }) => origin);
  return (moved ? keepText.movedFolder : keepText.savedFolder)(scoreText.pictures(saved.length), folder.name);
}

export function zipWords({ images, name, bytes: size }: ZipSaved): string {
  return keepText.savedZip(scoreText.pictures(images), name, bytes(size));
}

export function undoneWords({ removed }: Undone, { folder }: FolderSave): string {
  return removed.length === 0 ? keepText.undoneNothing : keepText.undone(keepText.files(removed.length), folder.name);
}

/** What else there is to say about it. */
export function undoneRest({ restored, changed, failed }: Undone): string[] {
  const words: string[] = [];
  if (restored.length > 0) words.push(keepText.restored(scoreText.pictures(restored.length)));
  if (changed.length > 0) words.push(keepText.changed(changed.join(", ")));
  if (failed.length > 0) words.push(keepText.notUndone(failed.join(", ")));
  return words;
}

/** Some names; the rest is counted. */
function list(names: readonly string[]): TemplateResult {
  return html`<ul>
    ${names.slice(0, MOST).map((name) => html`<li>${name}</li>`)} ${names.length > MOST ? html`<li class="soft">${keepText.more(number(names.length - MOST))}</li>` : nothing}
  </ul>`;
}
