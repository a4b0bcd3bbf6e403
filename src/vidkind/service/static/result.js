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

function verdict(result) {
  const best = ranked(result.scores)[0][0];
  const withheld = !(result.category in result.scores);
  const line = make("p", { class: "verdict" }, make("strong", {}, spoken(result.category)));
  if (!withheld) line.dataset.index = index(result.category);
  const why = withheld
    ? `too little speaks for one answer; most probable: ${spoken(best)}, ${percent(result.confidence)}`
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
    `${result.num_frames} frames looked at`,
    ...(result.tta ? ["four views"] : []),
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
    line.append("Trust: this bundle carries no trust statistics. Probabilities are calibrated on validation videos.");
  } else {
    const of = Math.round(100 * result.trust);
    const level = result.trust >= 0.95 ? "high" : result.trust >= 0.8 ? "fair" : "low";
    line.append(make("b", { class: "badge", "data-level": level }, `Trust ${percent(result.trust)}`),
      ` Of validation videos with such an answer, about ${of} in 100 were right: it weighs how sure and how unanimous the models are, and how familiar the video is.`);
  }
  if (result.label_set?.length > 1) line.append(` Not ruled out: ${result.label_set.map(spoken).join(", ")}.`);
  return line;
}

function strip(moments) {
  const most = Math.max(...moments.map((moment) => moment.attention));
  const items = moments.map((moment) => {
    const [name, share] = ranked(moment.scores)[0];
    const alt = `At ${seconds(moment.time)}: alone, ${spoken(name)} ${percent(share)}; attention ${percent(moment.attention)}`;
    const peak = make("i");
    peak.style.height = `${(100 * moment.attention) / most}%`;
    return make("li", { "data-index": index(name) },
      make("div", { class: "peak", title: `Attention ${percent(moment.attention)}` }, peak),
      make("img", { src: moment.thumbnail, alt, loading: "lazy" }),
      make("span", { class: "opinion", title: alt, "aria-hidden": "true" }, spoken(name)),
      make("span", { class: "when", "aria-hidden": "true" }, make("b", {}, `${Math.round(100 * share)} %`), seconds(moment.time)));
  });
  const list = make("ol", { class: "strip" }, ...items);
  list.style.setProperty("--columns", String(moments.length > 8 ? Math.ceil(moments.length / 2) : moments.length));
  return list;
}

function members(result) {
  const names = categories.filter((name) => name in result.scores);
  const row = (title, scores) => {
    const best = ranked(scores)[0][0];
    const cells = names.map((name) => make("td", name === best ? { class: "top" } : {}, percent(scores[name])));
    return make("tr", {}, make("th", { scope: "row" }, title), ...cells);
  };
  const head = make("tr", {}, make("th", { scope: "col" }, "Model"), ...names.map((name) => make("th", { scope: "col" }, spoken(name))));
  const rows = result.member_scores.map((scores, i) => row(`Model ${i + 1}`, scores));
  const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows, row("Together", result.scores)));
  return make("details", {}, make("summary", {}, "What each model says"), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Scores of each model" }, table));
}

function moments(result, open) {
  const hint = "Above each picture, how much the models look at that part; below it, what they would say of that part alone.";
  const details = make("details", {}, make("summary", {}, "Why: moment by moment"), make("p", { class: "hint" }, hint), strip(result.moments));
  details.open = open;
  return details;
}

export function showResult(result, open) {
  return [verdict(result), bars(result.scores), trust(result), facts(result), moments(result, open), members(result)];
}
