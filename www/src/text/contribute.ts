/** Texts of the screen Contribute. */

import { catalogue } from "./catalogue";

const en = {
  title: "Contribute",
};

const ja: typeof en = {
  title: "提供",
};

export const contributeText = catalogue(en, ja);
