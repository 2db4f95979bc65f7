/** The wasm, loaded once. */
import * as wasm from "../pkg/records";
/** Loads the wasm, once; `await` it before anything else here. The address is for pages that keep it elsewhere. */
export declare function ready(address?: string | URL): Promise<void>;
/** The wasm's functions. */
export declare function functions(): typeof wasm;
