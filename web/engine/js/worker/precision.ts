/** Which precision a model is stored in, and why. */

import { PickScoreError } from "../error";
import type { Precision } from "../pickscore";
import type { LoadRequest } from "../protocol";
import { megabytes } from "./http";
import type { EngineDevice } from "./wasm";
import type { Layout } from "./writer";

/** A choice with its reason. */
export interface Chosen {
  precision: Precision;
  reason: string;
}

/** Largest model, in f32, that is kept in f32 where the device does not compute in 16 bits: beyond it, memory is what a visitor lacks first. */
const LARGEST_F32 = 1e9;

const NATIVE: Chosen = { precision: "f16", reason: "In 16 bits, which the GPU knows, the model takes half the memory of f32." };
/** Any GPU unpacks them; a score is as near to the reference's, where 8 bits would cost a twentieth of a point. */
const HALF: Chosen = { precision: "f16", reason: "In 16 bits the model takes half the memory of f32." };
const SMALL: Chosen = { precision: "f32", reason: "The model is small enough for 32 bits." };
const LARGE: Chosen = { precision: "q8", reason: "In 8-bit blocks the model takes a little over a quarter of the memory of f32." };

/** The precisions that a stored model may have, the best first, before its size is known. */
export function candidates(wanted: LoadRequest["precision"], device: LoadRequest["device"], half: boolean): Chosen[] {
  if (wanted !== "auto") return [{ precision: wanted, reason: asked(wanted) }];
  if (device === "cpu") return [SMALL, LARGE];
  return half ? [NATIVE] : [SMALL, HALF];
}

/** The precision for a model of this layout. */
export function choose(request: LoadRequest, device: EngineDevice, layoutOf: (precision: Precision) => Layout): Chosen {
  const [first, second] = candidates(request.precision, request.device, device.half);
  const chosen = second && layoutOf("f32").length > LARGEST_F32 ? second : (first as Chosen);
  if (request.device === "webgpu") {
    const { parameter, bytes } = largest(layoutOf(chosen.precision));
    if (bytes > device.largest) {
      throw new PickScoreError(
        "precision",
        `${parameter} takes ${megabytes(bytes)} in ${chosen.precision}; this GPU binds at most ${megabytes(device.largest)}: ` +
          'take a lower precision or `device: "cpu"`',
      );
    }
  }
  return chosen;
}

function asked(precision: Precision): string {
  return `The precision ${precision} was asked for.`;
}

/** The largest tensor of those that go to the GPU: the token embedding stays behind. */
function largest(layout: Layout): Layout["tensors"][number] {
  const tensors = layout.tensors.filter(({ parameter }) => parameter !== "text.token");
  return tensors.reduce((a, b) => (b.bytes > a.bytes ? b : a), { parameter: "", offset: 0, bytes: 0 });
}
