/** Texts of the screen Judge. */

import { catalogue } from "./catalogue";

const en = {
  title: "Judge",
};

const ja: typeof en = {
  title: "判定",
};

export const judgeText = catalogue(en, ja);
