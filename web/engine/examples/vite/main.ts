import { type PickScoreError, Scorer } from "pickscore";

const input = (id: string) => document.getElementById(id) as HTMLInputElement;
const status = document.getElementById("status") as HTMLElement;
let scorer: Scorer | undefined;

input("images").addEventListener("change", async () => {
  try {
    const files = [...(input("images").files ?? [])];
    scorer ??= await Scorer.load({
      model: input("model").value,
      onProgress: ({ stage, loaded }) => (status.textContent = `${stage} ${loaded}`),
    });
    const { scores } = await scorer.score(input("prompt").value, files);
    status.textContent = files.map((file, index) => `${file.name}: ${scores[index]?.toFixed(2)}`).join(", ");
  } catch (error) {
    const { code, message } = error as PickScoreError;
    status.textContent = `${message} (${code})`;
  }
});
