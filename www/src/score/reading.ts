/**
 * Reads images in the background: uid, what the generator wrote, and the copy for the next visit.
 * One at a time; those that are waited for come first.
 */

import { toast } from "../shell/toasts";
import { Store } from "../state/store";
import { between } from "../text/format";
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
  const twin = twinOf(uid, job.picture);
  if (twin) join(job, twin);
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

/**
 * The image on the table that was added again: its file is missing and was this one, or it is a
 * single file of the same name and content.
 */
function twinOf(uid: string, found: Picture): Picture | undefined {
  if (uid === "") return undefined;
  const isSame = (picture: Picture) => picture.path === found.path && picture.id < found.id && isSingle(picture) && isSingle(found);
  return board.value.pictures.find((picture) => picture !== found && picture.uid === uid && (picture.away !== undefined || isSame(picture)));
}

function isSingle({ source }: Picture): boolean {
  return source.kind === "handle" && source.root === undefined;
}

/** Images that are leaving the table because they were on it already. */
let leaving = new Set<Picture>();

/** The image on the table gets the file that was found; what is known of it stays. */
function join(job: Job, twin: Picture): void {
  const { picture: found } = job;
  if (twin.away) {
    Object.assign(twin, { source: found.source, path: found.path, isKept: false });
    delete twin.away;
    tellAgain(1, 0);
  } else {
    tellAgain(0, 1);
  }
  finish(job);
  job.picture = twin;
  if (leaving.size === 0) setTimeout(leave, 200);
  leaving.add(found);
}

function leave(): void {
  const found = leaving;
  leaving = new Set();
  board.patch({ pictures: board.value.pictures.filter((picture) => !found.has(picture)) });
}

/** How long images are counted for one message, in milliseconds. */
const COUNTING = 3000;
const counted = { available: 0, already: 0, dismiss: () => undefined as void, timer: undefined as ReturnType<typeof setTimeout> | undefined };

/** Says how many images are available again or were on the table already, in one message. */
export function tellAgain(available: number, already: number): void {
  if (available + already === 0) return;
  counted.available += available;
  counted.already += already;
  clearTimeout(counted.timer);
  counted.timer = setTimeout(() => Object.assign(counted, { available: 0, already: 0, dismiss: () => undefined }), COUNTING);
  counted.dismiss();
  const words = [...(counted.available > 0 ? [tableText.reconnected(counted.available)] : []), ...(counted.already > 0 ? [tableText.already(counted.already)] : [])];
  counted.dismiss = toast({ text: words.join(between()) });
}

function done(picture: Picture, { copied, failure, of }: ReadAnswer & { part: "done" }): void {
  if (failure && of === "read") {
    away(picture, failure.name === "NotReadableError" ? "NotFoundError" : failure.name, failure.message);
    return;
  }
  if (failure) return noteFailure(picture, failure);
  if (copied) noteCopy(picture);
}
