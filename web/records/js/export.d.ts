/** Contributions, written. */
import type { ExportOptions, ExportResult } from "./types";
/**
 * Writes records and images as a contribution: a zip or folder that trainers of Pick-a-Pic read. Holds a few images in memory at a time.
 *
 * @throws RecordsError
 */
export declare function exportContribution(options: ExportOptions): Promise<ExportResult>;
