/**
 * The API of AUTOMATIC1111's web UI and compatible servers (Forge, SD.Next): `/sdapi/v1/txt2img`.
 */

import { askJson, endpoint, type Generator, GeneratorError, imageOf, isObject } from "./generator";

export const automatic1111: Generator = {
  async models({ address, key }, signal) {
    const list = await askJson(endpoint(address, "/sdapi/v1/sd-models"), { key, signal });
    if (!Array.isArray(list)) throw new GeneratorError("content", "the list of models is not a list");
    return list.flatMap((entry: unknown) => (isObject(entry) && typeof entry["model_name"] === "string" ? [entry["model_name"]] : []));
  },

  async make({ address, key, prompt, model, width, height }, signal) {
    const body = {
      prompt,
      width,
      height,
      seed: -1,
      batch_size: 1,
      n_iter: 1,
      ...(model && { override_settings: { sd_model_checkpoint: model }, override_settings_restore_afterwards: false }),
    };
    const answer = await askJson(endpoint(address, "/sdapi/v1/txt2img"), { key, body, signal });
    const images = isObject(answer) ? answer["images"] : undefined;
    if (!Array.isArray(images) || images.length === 0) throw new GeneratorError("content", "there is no image in the answer");
    const info = infoOf((answer as Record<string, unknown>)["info"]);
    const said = info["sd_model_name"];
    const seed = info["seed"];
    return {
      file: imageOf(images[0]),
      written: {
        generator: "automatic1111",
        prompt,
        model: typeof said === "string" && said ? said : model || null,
        seed: typeof seed === "number" ? String(seed) : null,
      },
    };
  },
};

/** `info` is JSON inside a JSON string. */
function infoOf(info: unknown): Record<string, unknown> {
  try {
    const read: unknown = typeof info === "string" ? JSON.parse(info) : info;
    return isObject(read) ? read : {};
  } catch {
    return {};
  }
}
