/**
 * A report as one HTML file without scripts and without addresses of other files. Its own policy
 * forbids both, so that a mistake here could not change that.
 */

import { number, scoreNumber } from "../../text/format";
import { judgeText } from "../../text/judge";
import { reportText } from "../../text/report";
import { type Axis, axisOf, MIDDLE } from "../axis";
import { largestScore, type RankedRow } from "../ranking-view";
import { escaped } from "./markup";
import { type Ink, type Palette } from "./palette";
import type { AgreementPart, RankingPart, Report } from "./report";
import { FONTS } from "./scene";
import type { Thumbnails } from "./thumbnails";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

export function htmlOf(report: Report, images: Thumbnails, light: Palette, dark: Palette): string {
  const { title, subtitle, agreement, rankings, notes, origin } = report;
  return `<!doctype html>
<html lang="${escaped(report.language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escaped(title)}</title>
<style>${styles(light, dark)}</style>
</head>
<body>
<main>
<header>
<h1>${escaped(title)}</h1>
<p class="soft">${escaped(subtitle)}</p>
</header>
${agreement ? agreementOf(agreement) : ""}
${rankings.map((part) => rankingOf(part, images)).join("\n")}
<footer class="soft">
${[...notes, origin].map((note) => `<p>${escaped(note)}</p>`).join("\n")}
</footer>
</main>
</body>
</html>
`;
}

function agreementOf({ heading, note, rows }: AgreementPart): string {
  const row = ({ name, value, low, high, words, pairs, paper }: AgreementPart["rows"][number]) => `<tr>
<th scope="row"><bdi>${escaped(name)}</bdi></th>
<td class="plot">${plot([0, 50, 100], 50, [low, value, high].map((share) => 100 * share) as [number, number, number])}</td>
<td class="end">${escaped(words)}</td>
<td class="end more">${escaped(pairs)}</td>
<td class="end more soft">${escaped(paper)}</td>
</tr>`;
  return `<section>
<h2>${escaped(heading)}</h2>
<p class="soft">${escaped(note)}</p>
<div class="wide"><table>
<thead><tr><th scope="col">${escaped(judgeText.besideScorer)}</th><th scope="col" class="plot"><span class="hidden">${escaped(reportText.shareColumn)}</span>${scale([0, 50, 100], (share) => reportText.share(share / 100), (share) => share, (share) => (share === 0 ? "low" : share === 100 ? "high" : undefined))}</th><th scope="col" class="end">${escaped(reportText.agrees)}</th><th scope="col" class="end more">${escaped(judgeText.besidePairs)}</th><th scope="col" class="end more">${escaped(judgeText.besidePaper)}</th></tr></thead>
<tbody>
${rows.map(row).join("\n")}
</tbody>
</table></div>
</section>`;
}

function rankingOf({ heading, prompt, scorer, rows }: RankingPart, images: Thumbnails): string {
  const axis = axisOf(rows);
  const shown = rows.some(({ picture }) => picture && images.has(picture));
  const columns = [
    `<th scope="col">${escaped(judgeText.place)}</th>`,
    shown ? `<th scope="col"><span class="hidden">${escaped(judgeText.picture)}</span></th>` : "",
    `<th scope="col">${escaped(judgeText.name)}</th>`,
    `<th scope="col" class="plot"><span class="hidden">${escaped(judgeText.ratingColumn)}</span>${scale(axis.ticks, (tick) => number(tick), axis.at, (tick) => (tick === MIDDLE ? "middle" : undefined))}</th>`,
    `<th scope="col" class="end">${escaped(judgeText.rating)}</th>`,
    `<th scope="col" class="end more">${escaped(judgeText.record)}</th>`,
    scorer ? `<th scope="col" class="end more">${escaped(scorer)}</th>` : "",
  ];
  return `<section>
<h2>${escaped(heading)}</h2>
${prompt ? `<p class="prompt" dir="auto">${escaped(prompt)}</p>` : ""}
<div class="wide"><table>
<thead><tr>${columns.join("")}</tr></thead>
<tbody>
${rows.map((row) => rowOf(row, axis, shown ? images : undefined, scorer === "" ? undefined : largestScore(rows))).join("\n")}
</tbody>
</table></div>
</section>`;
}

function rowOf(row: RankedRow, axis: Axis, images: Thumbnails | undefined, largest: number | undefined): string {
  const { value, low, high } = row.rating;
  const image = row.picture ? images?.get(row.picture) : undefined;
  const cell = image ? `<img src="${image.address}" width="${image.width}" height="${image.height}" alt="">` : "";
  return `<tr>
<td class="soft">${number(row.rank)}</td>${images ? `<td class="thumbnail">${cell}</td>` : ""}
<th scope="row"><bdi>${escaped(row.label)}</bdi></th>
<td class="plot">${plot(axis.ticks.map(axis.at), axis.at(MIDDLE), [low, value, high].map(axis.at) as [number, number, number])}</td>
<td class="end rating">${number(value)} <span class="soft">${escaped(judgeText.interval(number(low), number(high)))}</span></td>
<td class="end more">${escaped(judgeText.winsTiesLosses(number(row.wins), number(row.ties), number(row.losses)))}</td>${largest === undefined ? "" : `<td class="end more">${row.score === undefined ? "–" : scoreNumber(row.score, largest)}</td>`}
</tr>`;
}

/** An interval on a scale; places in percent of the width. */
function plot(ticks: readonly number[], zero: number, [low, middle, high]: [number, number, number]): string {
  const lines = ticks.map((tick) => `<line class="${tick === zero ? "zero" : "tick"}" x1="${tick}%" x2="${tick}%" y1="0" y2="24"/>`);
  return `<svg width="100%" height="24" aria-hidden="true">${lines.join("")}<line class="interval" x1="${low}%" x2="${high}%" y1="12" y2="12"/><circle cx="${middle}%" cy="12" r="4.5"/></svg>`;
}

/** Labels of ticks; those without a class are hidden in narrow layouts. */
function scale(ticks: readonly number[], words: (tick: number) => string, at: (tick: number) => number, classOf: (tick: number) => string | undefined): string {
  const labels = ticks.map((tick) => `<text class="${classOf(tick) ?? "minor"}" x="${at(tick)}%" y="14" text-anchor="middle">${escaped(words(tick))}</text>`);
  return `<svg width="100%" height="18" aria-hidden="true">${labels.join("")}</svg>`;
}

function styles(light: Palette, dark: Palette): string {
  const colours = (Object.keys(light) as Ink[]).map((name) => `--${name}:light-dark(${light[name]},${dark[name]})`).join(";");
  return `
:root{color-scheme:light dark;${colours};font:16px/1.5 ${FONTS.sans};color:var(--ink);background:var(--ground)}
body{margin:0}
main{max-width:76rem;margin:0 auto;padding:clamp(1rem,4vw,3.5rem);display:grid;gap:2.5rem;grid-template-columns:minmax(0,1fr)}
h1{font:400 2.1rem/1.25 ${FONTS.voice};margin:0}
h2{font-size:1.15rem;margin:0}
p{margin:.25rem 0;max-width:75ch;overflow-wrap:anywhere}
.prompt{font-family:${FONTS.voice};font-size:1.15rem}
.soft{color:var(--soft)}
.wide{overflow-x:auto;margin-top:.5rem}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{font-weight:400;text-align:start;padding:.3rem .9rem .3rem 0;white-space:nowrap;vertical-align:middle}
thead th{color:var(--soft);font-size:.8rem;border-bottom:1px solid var(--line);vertical-align:bottom}
tbody th{max-width:18rem;overflow:hidden;text-overflow:ellipsis}
.end{text-align:end}
.plot{width:40%;min-width:10rem;padding-block:0;position:relative}
.thumbnail{width:4rem}
.thumbnail img{width:3.75rem;height:3.75rem;object-fit:contain;background:var(--table);display:block}
svg{display:block;overflow:visible;direction:ltr}
text{fill:var(--soft);font:.75rem ${FONTS.figures}}
.tick{stroke:var(--line)}
.zero{stroke:var(--edge)}
.interval{stroke:var(--ink);stroke-width:2}
circle{fill:var(--mark);stroke:var(--ground);stroke-width:1.5}
footer{font-size:.85rem;border-top:1px solid var(--line);padding-top:1rem}
@media screen and (max-width:48rem){
/* Narrow: what fits without scrolling sideways. */
.minor,.more,.rating .soft{display:none}
.low{text-anchor:start}
.high{text-anchor:end}
th,td{padding-inline-end:.5rem}
th.end,td.end{padding-inline-end:0}
tbody th{min-width:5rem;max-width:8rem;white-space:normal;overflow-wrap:anywhere;line-height:1.3}
.plot{min-width:4.5rem}
.thumbnail{width:3.25rem}
.thumbnail img{width:3rem;height:3rem}
}
@media print{:root{color-scheme:light}tr{break-inside:avoid}}
`;
}
