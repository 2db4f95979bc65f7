/** Chooses the precision of a model. */

import { PickScoreError } from "../error";
import type { Precision } from "../types";
import type { LoadRequest } from "../protocol";
import { megabytes } from "./http";
import type { EngineDevice } from "./wasm";
import type { Layout } from "./writer";

/** A precision and the reason for it. */
export interface Chosen {
  precision: Precision;
  reason: string;
}

/** Largest size in bytes of a model that is stored in f32 on a device without f16 arithmetic. */
const LARGEST_F32 = 1e9;

const NATIVE: Chosen = { precision: "f16", reason: "The GPU supports f16, which takes half the memory of f32." };
/**
 * Any GPU can unpack f16, and scores stay close to the reference; q8 would change them by about
 * 0.05.
 */
const HALF: Chosen = { precision: "f16", reason: "f16 takes half the memory of f32." };
const SMALL: Chosen = { precision: "f32", reason: "The model is small enough for f32." };
const EXACT: Chosen = { precision: "q8", reason: "On this GPU q8-fast is not faster than q8, which is more accurate." };
const LARGE: Chosen = { precision: "q8", reason: "q8 takes little more than a quarter of the memory of f32." };

/** The precisions that a model may be stored in, best first. The choice depends on its size. */
export function candidates({ precision: wanted, device }: LoadRequest, { bytes, half }: EngineDevice): Chosen[] {
  if (wanted === "q8-fast" && device === "webgpu" && !bytes) return [EXACT];
  if (wanted !== "auto") return [{ precision: wanted, reason: requested(wanted) }];
  if (device === "cpu") return [SMALL, LARGE];
  return half ? [NATIVE] : [SMALL, HALF];
}

/** The precision for a model of this layout. */
export function choose(request: LoadRequest, device: EngineDevice, layoutOf: (precision: Precision) => Layout): Chosen {
  const [first, second] = candidates(request, device);
  const chosen = second && layoutOf("f32").length > LARGEST_F32 ? second : (first as Chosen);
  if (request.device === "webgpu") {
    const { parameter, bytes } = largest(layoutOf(chosen.precision));
    if (bytes > device.largest) {
      throw new PickScoreError(
        "precision",
        `${parameter} takes ${megabytes(bytes)} in ${chosen.precision}, but this GPU can bind at most ${megabytes(device.largest)}`,
        { advice: 'use a lower precision or `device: "cpu"`' },
      );
    }
  }
  return chosen;
}

function requested(precision: Precision): string {
  return `The precision ${precision} was requested.`;
}

/** The largest tensor on the GPU; the token embeddings stay in host memory. */
function largest(layout: Layout): Layout["tensors"][number] {
  const tensors = layout.tensors.filter(({ parameter }) => parameter !== "text.token");
  return tensors.reduce((a, b) => (b.bytes > a.bytes ? b : a), { parameter: "", offset: 0, bytes: 0, isVector: false });
}
