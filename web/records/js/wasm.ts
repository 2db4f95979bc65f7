/** The wasm, loaded once. */

import init, * as wasm from "../pkg/records";
import { asRecordsError, RecordsError } from "./error";

/** Its name with its contents' hash, written in by the build. */
declare const RECORDS_FILE: string;

let loading: Promise<void> | undefined;
let loaded = false;

/** Loads the wasm, once; `await` it before anything else here. The address is for pages that keep it elsewhere. */
export function ready(address?: string | URL): Promise<void> {
  loading ??= init({ module_or_path: address ?? new URL(RECORDS_FILE, import.meta.url) }).then(
    () => {
      loaded = true;
    },
    (thrown: unknown) => {
      // The next call tries again.
      loading = undefined;
      throw new RecordsError("wasm", `the records library could not be loaded: ${asRecordsError(thrown).message}`);
    },
  );
  return loading;
}

/** The wasm's functions. */
export function functions(): typeof wasm {
  if (!loaded) throw new RecordsError("not-ready", "`await ready()` first");
  return wasm;
}
