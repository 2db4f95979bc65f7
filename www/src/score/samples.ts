/** The host's sample set: `samples.json` and its images. */

import { config } from "../state/config";
import { makePicture, type Picture } from "./picture";

export interface Samples {
  /** The initial prompt. */
  prompt: string;
  /** Other prompts worth trying. */
  ideas: string[];
  pictures: Picture[];
}

/** Reads the set; `undefined` if the host offers none. */
export async function loadSamples(): Promise<Samples | undefined> {
  const { samples } = config();
  if (samples === null) return undefined;
  const address = new URL(samples, document.baseURI);
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address.pathname} answers ${answer.status}`);
  const { prompt, ideas, images } = read(await answer.json());
  const pictures = await Promise.all(
    images.map(async ({ file, caption }) => {
      const picture = await fetch(new URL(file, address));
      if (!picture.ok) throw new Error(`${file} answers ${picture.status}`);
      const blob = await picture.blob();
      const name = file.split("/").pop() ?? file;
      return makePicture({ kind: "sample", file: new File([blob], name, { type: blob.type }) }, { path: file, caption });
    }),
  );
  return { prompt, ideas, pictures };
}

function read(json: unknown): { prompt: string; ideas: string[]; images: { file: string; caption?: string }[] } {
  const { prompt, ideas, images } = (json ?? {}) as Record<string, unknown>;
  const isText = (value: unknown): value is string => typeof value === "string";
  const listed = Array.isArray(images) ? images.filter((image): image is { file: string; caption?: string } => isText(image?.file)) : [];
  if (!isText(prompt) || listed.length === 0) throw new Error("samples.json has no `prompt`, or no `images` with a `file`");
  return {
    prompt,
    ideas: Array.isArray(ideas) ? ideas.filter(isText) : [],
    images: listed.map(({ file, caption }) => ({ file, ...(isText(caption) && { caption }) })),
  };
}
