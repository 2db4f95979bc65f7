/** Model addresses in the library's form. */

/**
 * The directory address for what the visitor entered; `hf:owner/name` and the Hub's model pages are
 * resolved to directories of files.
 */
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
