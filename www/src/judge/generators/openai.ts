/** OpenAI's images API and compatible servers (LocalAI and others): `/v1/images/generations`. */

import { askJson, endpoint, type Generator, GeneratorError, imageOf, isObject } from "./generator";

export const openai: Generator = {
  async models({ address, key }, signal) {
    const answer = await askJson(endpoint(address, "/v1/models"), { key, signal });
    const list = isObject(answer) ? answer["data"] : undefined;
    if (!Array.isArray(list)) throw new GeneratorError("content", "the list of models is not a list");
    return list.flatMap((entry: unknown) => (isObject(entry) && typeof entry["id"] === "string" ? [entry["id"]] : []));
  },

  async make({ address, key, prompt, model, width, height }, signal) {
    const url = endpoint(address, "/v1/images/generations");
    const body = { prompt, n: 1, size: `${width}x${height}`, ...(model && { model }) };
    let answer: unknown;
    try {
      answer = await askJson(url, { key, body: { ...body, response_format: "b64_json" }, signal });
    } catch (error) {
      // Models that return only base64 reject this field.
      if (!(error instanceof GeneratorError && error.code === "answer" && /response_format/.test(error.detail))) throw error;
      answer = await askJson(url, { key, body, signal });
    }
    const data = isObject(answer) ? answer["data"] : undefined;
    const first: unknown = Array.isArray(data) ? data[0] : undefined;
    if (!isObject(first)) throw new GeneratorError("content", "there is no image in the answer");
    if (first["b64_json"] === undefined && typeof first["url"] === "string") throw new GeneratorError("link", first["url"].slice(0, 100));
    return { file: imageOf(first["b64_json"]), written: { generator: "openai", prompt, model: model || null, seed: null } };
  },
};
