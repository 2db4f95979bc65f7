/**
 * Reads the files of images: the visitor's by handle, copies from private storage, samples from the
 * host. Why a file cannot be read is noted on the image, whose scores and thumbnail stay.
 */

import { config } from "../state/config";
import { changed } from "./board";
import type { Away, Picture, Source } from "./picture";
import { table } from "./table/database";
import { copyOf } from "./table/private";

/** Media types by extension; a copy has none, and browsers show some formats only with one. */
const TYPES: Record<string, string> = { jpg: "image/jpeg", jpeg: "image/jpeg", jfif: "image/jpeg", svg: "image/svg+xml", tif: "image/tiff", ico: "image/x-icon", apng: "image/png" };

/** A file that cannot be read now; the code says why. */
export class FileAway extends Error {
  override readonly name = "FileAway";
  constructor(
    readonly code: Away,
    readonly detail: string,
  ) {
    super(detail);
  }
}

/** Called with images whose file has other contents than the ones that were scored. */
const onRenewed: ((picture: Picture) => void)[] = [];
export function whenRenewed(listener: (picture: Picture) => void): void {
  onRenewed.push(listener);
}

/** Called with images whose file is another one with the same contents. */
let onReplaced: (picture: Picture) => void = () => undefined;
export function whenReplaced(listener: (picture: Picture) => void): void {
  onReplaced = listener;
}

/** The image's file as it is now. @throws FileAway */
export async function fileOf(picture: Picture): Promise<File> {
  try {
    const file = await read(picture);
    if (picture.away) {
      delete picture.away;
      changed();
    }
    const isKnown = picture.source.kind === "handle" && picture.modified !== undefined;
    if (isKnown && (file.lastModified !== picture.modified || file.size !== picture.bytes)) for (const listener of onRenewed) listener(picture);
    return file;
  } catch (error) {
    const { name, message } = error as Error;
    throw away(picture, name, message);
  }
}

/** From now on, this is the image's file, or its handle. Its content is the same. */
export function replaceFile(picture: Picture, file: File, handle?: FileSystemFileHandle): void {
  picture.source = handle ? { kind: "handle", handle } : { kind: "file", file };
  picture.isKept = false;
  delete picture.away;
  onReplaced(picture);
}

/** The visitor gave the handle of an image again, which may be read now. */
export function renewHandle(picture: Picture, handle: FileSystemFileHandle): void {
  const { source } = picture;
  if (source.kind !== "handle" || !picture.away) return;
  picture.source = { ...source, handle };
  delete picture.away;
  onReplaced(picture);
}

/** The files of those images that can be read, by image. */
export async function filesOf(pictures: readonly Picture[]): Promise<Map<Picture, File>> {
  const files = await Promise.all(pictures.map((picture) => fileOf(picture).catch(() => undefined)));
  return new Map(pictures.flatMap((picture, index) => (files[index] ? [[picture, files[index]] as const] : [])));
}

/** Notes why an image's file cannot be read: the error of the file system. */
export function away(picture: Picture, name: string, message: string): FileAway {
  const code = name === "NotFoundError" ? "gone" : name === "NotAllowedError" || name === "SecurityError" ? "permission" : "failed";
  if (picture.away !== code) {
    picture.away = code;
    changed();
  }
  return new FileAway(code, message);
}

async function read({ source, path, uid, id, modified }: Picture): Promise<File> {
  switch (source.kind) {
    case "file":
      return source.file;
    case "copy":
      return named(await copyOf(uid ?? ""), path, modified);
    case "handle":
      return (await handleOf(source, id)).getFile();
    case "sample":
      source.file ??= await sample(path);
      return source.file;
  }
}

async function handleOf(source: Source & { kind: "handle" }, id: number): Promise<FileSystemFileHandle> {
  const handle = source.handle ?? (await table()?.get("handles", id))?.handle;
  if (!handle) throw new DOMException("its handle is not stored", "NotFoundError");
  source.handle = handle;
  return handle;
}

/** A copy under the name and time of the original, by which the original is recognised. */
function named(file: File, path: string, modified = file.lastModified): File {
  const name = path.split("/").pop() ?? path;
  const ending = name.split(".").pop()?.toLowerCase() ?? "";
  return new File([file], name, { type: TYPES[ending] ?? `image/${ending}`, lastModified: modified });
}

async function sample(path: string): Promise<File> {
  const { samples } = config();
  const answer = samples === null ? undefined : await fetch(new URL(path, new URL(samples, document.baseURI)));
  if (!answer?.ok) throw new DOMException(`the host has no ${path}`, "NotFoundError");
  const blob = await answer.blob();
  return new File([blob], path.split("/").pop() ?? path, { type: blob.type });
}
