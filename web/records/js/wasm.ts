/** Loads the wasm. */

import init, * as wasm from "../pkg/records";
import { asRecordsError, RecordsError } from "./error";

/** The file name of the wasm with its hash, set by the build. */
declare const RECORDS_FILE: string;

let loading: Promise<void> | undefined;
let loaded = false;

/**
 * Loads the wasm once. `await` it before calling anything else. `address` is the URL of the wasm if
 * it is not beside the library.
 */
export function ready(address?: string | URL): Promise<void> {
  loading ??= init({ module_or_path: address ?? new URL(RECORDS_FILE, import.meta.url) }).then(
    () => {
      loaded = true;
    },
    (thrown: unknown) => {
      // The next call retries.
      loading = undefined;
      throw new RecordsError("wasm", `the records library could not be loaded: ${asRecordsError(thrown).message}`);
    },
  );
  return loading;
}

/** The functions of the wasm. */
export function functions(): typeof wasm {
  if (!loaded) throw new RecordsError("not-ready", "`await ready()` first");
  return wasm;
}
