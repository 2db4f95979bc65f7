/**
 * Reads images in the background: uid, what the generator wrote, and the copy for the next visit.
 * One at a time; those that are waited for come first.
 */

import { toast } from "../shell/toasts";
import { Store } from "../state/store";
import { tableText } from "../text/table";
import { board, changed, scoresChanged } from "./board";
import { away, fileOf, whenRenewed, whenReplaced } from "./file";
import type { Picture } from "./picture";
import type { Failure, ReadAnswer, ReadRequest } from "./reader.worker";
import { identified, mark, select } from "./selected";
import { mayCopy, noteCopy, noteFailure, touch } from "./table/keeper";
import { tidied } from "./table/private";

export interface Reading {
  /** Images that wait to be read. */
  waiting: number;
  /** Why what generators wrote cannot be read: the library could not be loaded. */
  problem: Failure | undefined;
}

export const reading = new Store<Reading>({ waiting: 0, problem: undefined });

interface Job {
  /** The number that the worker knows it by. */
  id: number;
  picture: Picture;
  done: Promise<void>;
  resolve(): void;
}

/** In the order in which they are read. */
let queue: Job[] = [];
const jobs = new Map<Picture, Job>();
let running: Job | undefined;
let worker: Worker | undefined;
let listed: readonly Picture[] = [];
let present = new Set<Picture>();

board.subscribe(({ pictures }) => {
  if (pictures === listed) return;
  const before = present;
  listed = pictures;
  present = new Set(pictures);
  for (const picture of pictures) if (!before.has(picture) && !isRead(picture)) request(picture);
  void work();
});

whenRenewed((picture) => {
  // Other contents: nothing that is known of the image holds any more, but it stays selected.
  const { selected, bucket } = picture;
  for (const field of ["uid", "generation", "bytes", "modified", "embedding", "problem", "hasPreview", "thumbnail"] as const) delete picture[field];
  picture.scores.clear();
  if (selected) select([picture], true);
  if (bucket) mark([picture], bucket);
  request(picture);
  scoresChanged();
  void work();
});

whenReplaced((picture) => {
  touch(picture);
  request(picture);
  void work();
});

function isRead({ uid, generation, source, unkept }: Picture): boolean {
  return uid !== undefined && generation !== undefined && (source.kind !== "file" || unkept !== undefined);
}

function request(picture: Picture): Job {
  let job = jobs.get(picture);
  if (!job) {
    let resolve = () => undefined as void;
    const done = new Promise<void>((ready) => (resolve = ready));
    job = { id: picture.id, picture, done, resolve };
    jobs.set(picture, job);
    if (isRead(picture)) finish(job);
    else queue.push(job);
  }
  return job;
}

function finish(job: Job): void {
  jobs.delete(job.picture);
  job.resolve();
}

/** Reads images before the others. Resolves when their uids are known, as far as possible. */
export async function identify(pictures: readonly Picture[]): Promise<void> {
  const unread = pictures.filter(({ uid, problem, away }) => uid === undefined && problem === undefined && away === undefined);
  if (unread.length === 0) return;
  const wanted = new Set(unread.map(request));
  queue = [...queue.filter((job) => wanted.has(job)), ...queue.filter((job) => !wanted.has(job))];
  void work();
  await Promise.all([...wanted].map(({ done }) => done));
}

/** Tries again: after a failure, or when storage or permission has been given. */
export function readAgain(): void {
  reading.patch({ problem: undefined });
  for (const picture of board.value.pictures) if (!isRead(picture)) request(picture);
  void work();
}

async function work(): Promise<void> {
  while (!running) {
    const job = queue.shift();
    if (reading.value.waiting !== queue.length + Number(job !== undefined)) reading.patch({ waiting: queue.length + Number(job !== undefined) });
    if (!job) return;
    running = job;
    const { picture } = job;
    const file = present.has(picture) ? await fileOf(picture).catch(() => undefined) : undefined;
    if (!file) {
      running = undefined;
      finish(job);
      continue;
    }
    const copy = picture.source.kind === "file" && mayCopy(picture, file.size);
    if (copy) await tidied();
    worker ??= start();
    // Nobody's generator made the samples.
    const metadata = !picture.isSample;
    worker.postMessage({ id: job.id, file, copy, metadata, library: new URL("lib/records.js", document.baseURI).href } satisfies ReadRequest);
  }
}

function start(): Worker {
  const made = new Worker(new URL("./reader.worker.ts", import.meta.url), { type: "module" });
  made.addEventListener("message", ({ data }: MessageEvent<ReadAnswer>) => {
    const job = running;
    if (job?.id !== data.id) return;
    if (data.part === "content") return content(job, data);
    running = undefined;
    done(job.picture, data);
    finish(job);
    void work();
  });
  return made;
}

function content(job: Job, { uid, bytes, modified, generation, unread }: ReadAnswer & { part: "content" }): void {
  const missing = missingOf(uid, job.picture);
  if (missing) reconnect(job, missing);
  const { picture } = job;
  Object.assign(picture, { uid, bytes, modified });
  if (generation !== undefined) picture.generation = generation;
  if (unread) reading.patch({ problem: unread });
  identified(picture);
  touch(picture);
  // Scoring may go on while the copy is made.
  job.resolve();
  if (picture.generation) scoresChanged();
  else changed();
}

/** An image on the table whose file is missing, and is the one with this uid. */
function missingOf(uid: string, found: Picture): Picture | undefined {
  return uid === "" ? undefined : board.value.pictures.find((picture) => picture !== found && picture.uid === uid && picture.away !== undefined);
}

/** Images that were found to be ones whose file was missing. */
let again = new Set<Picture>();

/** The image on the table gets the file that was found; what is known of it stays. */
function reconnect(job: Job, missing: Picture): void {
  const { picture: found } = job;
  Object.assign(missing, { source: found.source, path: found.path, isKept: false });
  delete missing.away;
  finish(job);
  job.picture = missing;
  if (again.size === 0) setTimeout(tellReconnected, 200);
  again.add(found);
}

function tellReconnected(): void {
  const found = again;
  again = new Set();
  board.patch({ pictures: board.value.pictures.filter((picture) => !found.has(picture)) });
  toast({ text: tableText.reconnected(found.size) });
}

function done(picture: Picture, { copied, failure, of }: ReadAnswer & { part: "done" }): void {
  if (failure && of === "read") {
    away(picture, failure.name === "NotReadableError" ? "NotFoundError" : failure.name, failure.message);
    return;
  }
  if (failure) return noteFailure(picture, failure);
  if (copied) noteCopy(picture);
}
