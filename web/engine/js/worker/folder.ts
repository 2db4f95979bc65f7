/** Folders of a model's files, on a server or selected by the user. */

import type { Download, DownloadOptions } from "./http";

/** A weight file. */
export interface SourceFile {
  name: string;
  /** Opens the file at a position. */
  open(options: DownloadOptions): Promise<Download>;
}

/** A weight file whose first bytes can be read before it is opened. */
export interface WholeFile extends SourceFile {
  /** Its first `longest` bytes. */
  start(longest: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A folder of files. The engine decides which of them belong to the model. */
export interface Folder {
  /** The folder's name in messages. */
  place: string;
  /** The names of its files, if they can be listed; a server does not list them. */
  names?: string[];
  /** The URL of a file; `null` for local files. */
  address(name: string): string | null;
  /** Reads a small file; `null` if it does not exist. */
  small(name: string, longest: number): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Reads the first `longest` bytes of a file of any size; `null` if it does not exist. */
  start(name: string, longest: number): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Whether a file exists. */
  has(name: string): Promise<boolean>;
  /** A large file, which must exist. */
  large(name: string): Promise<SourceFile>;
}
