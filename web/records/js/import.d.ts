/** Contributions, read back. */
import type { ImportOptions, ImportResult } from "./types";
/**
 * Reads contributions back: zips, Parquet and JSON Lines files, or all files of a folder. What is not as it should be is refused by file, row
 * and column, and everything else is kept. A `File` of a folder is known by its `webkitRelativePath`; `[path, blob]` names one otherwise.
 *
 * @throws RecordsError
 */
export declare function importContribution(files: (File | [string, Blob])[], options: ImportOptions): Promise<ImportResult>;
