/** Addresses of models, as the library keeps them. */

/** The address of the directory that a visitor's words lead to: `hf:owner/name` and the Hub's model pages are directories of files. */
export function expandAddress(model: string): string {
  const words = model.trim();
  const page = /^(?:hf:|https:\/\/huggingface\.co\/)([\w.-]+\/[\w.-]+?)\/?(?:\/tree\/([^/?#]+)\/?)?$/.exec(words);
  const address = page ? `https://huggingface.co/${page[1]}/resolve/${page[2] ?? "main"}/` : words;
  try {
    return new URL(address, document.baseURI).href;
  } catch {
    return address;
  }
}
