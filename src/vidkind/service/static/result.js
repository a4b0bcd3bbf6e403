// An answer as elements. Text from outside is only ever set as text.

const categories = JSON.parse(document.body.dataset.categories);

export const percent = (share) => `${(100 * share).toFixed(1)} %`;
export const spoken = (name) => name.replaceAll("_", " ");
const seconds = (time) => `${time.toFixed(1)} s`;

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (name === "onclick") element.addEventListener("click", value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const colours = Object.fromEntries(categories.map((name, i) => [name, i % 8]));
const index = (name) => colours[name] ?? 0;
const ranked = (scores) => Object.entries(scores).sort((a, b) => b[1] - a[1]);

export function chip(name, text) {
  const known = name in colours ? { "data-index": colours[name] } : {};
  return make("span", { class: "chip", ...known }, text);
}

function bar(share) {
  const fill = make("i");
  fill.style.width = `${100 * Math.min(1, share)}%`;
  return make("div", { class: "bar" }, fill);
}

const withheld = (result) => !(result.category in result.scores);
// Below this trust an answer is more often wrong than right.
const LEAST_TRUST = 0.5;
const unsure = (result) => !withheld(result) && typeof result.trust === "number" && result.trust < LEAST_TRUST;

export function headline(result) {
  if (!unsure(result)) return spoken(result.category);
  const names = ranked(result.scores).slice(0, 2).map(([name]) => spoken(name));
  return `Unsure: ${names.join(" or ")}?`;
}

function verdict(result) {
  const open = withheld(result) || unsure(result);
  const line = make("p", { class: "verdict" }, make("strong", {}, headline(result)));
  if (!open) line.dataset.index = index(result.category);
  const best = ranked(result.scores)[0][0];
  const why = open
    ? `Too little evidence for one answer; most probable: ${spoken(best)}, ${percent(result.confidence)}`
    : `${percent(result.confidence)} probable`;
  line.append(make("span", {}, why));
  return line;
}

function facts(result) {
  const { video } = result;
  const parts = [
    seconds(result.duration_seconds),
    `${video.width} × ${video.height}`,
    video.codec,
    `${result.num_frames} frames analysed`,
    ...(result.tta ? ["TTA over four views"] : []),
  ];
  return make("p", { class: "facts" }, parts.join(" · "));
}

function bars(scores) {
  const rows = ranked(scores).map(([name, share]) =>
    make("div", { "data-index": index(name) }, make("dt", {}, spoken(name)), bar(share), make("dd", {}, percent(share))));
  return make("dl", { class: "bars", "aria-label": "Probability of each category" }, ...rows);
}

function trust(result) {
  const line = make("p", { class: "trust" });
  if (result.trust === null || result.trust === undefined) {
    line.append("Trust is not available: this bundle has no trust statistics.");
  } else {
    const of = Math.round(100 * result.trust);
    const level = result.trust >= 0.95 ? "high" : result.trust >= 0.8 ? "fair" : "low";
    line.append(make("b", { class: "badge", "data-level": level }, `Trust ${percent(result.trust)}`),
      ` About ${of} in 100 validation videos with this trust were classified correctly. Trust combines how certain the models are, how well they agree, and how similar the video is to the training videos.`);
  }
  if (result.label_set?.length > 1) line.append(` Categories that cannot be ruled out: ${result.label_set.map(spoken).join(", ")}.`);
  return line;
}

// Upper ends of the scale, as shares.
const SCALES = [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1];

// One bar per time step in one row, with a scale, whatever the width of the page.
function curve(times, attention) {
  const peak = attention.indexOf(Math.max(...attention));
  const top = SCALES.find((end) => end >= attention[peak]) ?? 1;
  const even = 1 / attention.length;
  const height = (share) => `${(100 * share) / top}%`;
  const bars = attention.map((share, i) => {
    const fill = make("i", { title: `${seconds(times[i])}: attention ${percent(share)}` });
    fill.style.height = height(share);
    return fill;
  });
  const line = make("span", { class: "even" });
  line.style.bottom = height(even);
  const end = `${Math.round(100 * top)} %`;
  const label = `Attention over time in ${times.length} steps, from 0 to ${end}; highest at ${seconds(times[peak])} with ${percent(attention[peak])}`;
  return make("div", { class: "curve", role: "img", "aria-label": label },
    make("span", { class: "scale" }, make("span", {}, end), make("span", {}, "0 %")),
    make("div", { class: "plot" }, ...bars, line),
    make("span", { class: "ticks" }, make("span", {}, seconds(times[0])),
      make("span", { class: "dashed" }, `equal share: ${percent(even)}`), make("span", {}, seconds(times.at(-1)))));
}

function strip(moments) {
  const items = moments.map((moment) => {
    const [name, share] = ranked(moment.scores)[0];
    const alt = `At ${seconds(moment.time)}: alone, ${spoken(name)} ${percent(share)}; attention ${percent(moment.attention)}`;
    return make("li", { "data-index": index(name) },
      make("img", { src: moment.thumbnail, alt, loading: "lazy" }),
      make("span", { class: "opinion", "aria-hidden": "true" }, `${spoken(name)} ${Math.round(100 * share)}\u00a0%`),
      make("span", { class: "when", "aria-hidden": "true" }, seconds(moment.time)));
  });
  const list = make("ol", { class: "strip" }, ...items);
  list.style.setProperty("--columns", String(moments.length > 8 ? Math.ceil(moments.length / 2) : moments.length));
  return list;
}

function members(result) {
  const names = categories.filter((name) => name in result.scores);
  const row = (title, scores) => {
    const best = ranked(scores)[0][0];
    const cells = names.map((name) => make("td", name === best ? { class: "best" } : {}, percent(scores[name])));
    return make("tr", {}, make("th", { scope: "row" }, title), ...cells);
  };
  const head = make("tr", {}, make("th", { scope: "col" }, "Model"), ...names.map((name) => make("th", { scope: "col" }, spoken(name))));
  const rows = result.member_scores.map((scores, i) => row(`Model ${i + 1}`, scores));
  const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows, row("All models", result.scores)));
  return make("details", {}, make("summary", {}, "Scores of each model"), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Scores of each model" }, table));
}

function moments(result, open) {
  const hint = "Bars: how much attention the models pay to the video over time. Pictures: parts of equal length, each with the answer for that part alone.";
  const details = make("details", {}, make("summary", {}, "Why: moment by moment"), make("p", { class: "hint" }, hint), curve(result.frame_times, result.attention), strip(result.moments));
  details.open = open;
  return details;
}

export function showResult(result, open) {
  return [verdict(result), bars(result.scores), trust(result), facts(result), moments(result, open), members(result)];
}
