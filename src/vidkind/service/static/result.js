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

const index = (name) => Math.max(0, categories.indexOf(name)) % 8;
const ranked = (scores) => Object.entries(scores).sort((a, b) => b[1] - a[1]);

function bar(share, label) {
  const fill = make("i");
  fill.style.width = `${100 * Math.min(1, share)}%`;
  return make("div", { class: "bar", ...(label ? { title: label } : {}) }, fill);
}

function verdict(result) {
  const best = ranked(result.scores)[0][0];
  const withheld = !(result.category in result.scores);
  const name = make("strong", {}, spoken(result.category));
  const line = make("p", { class: "verdict" }, name);
  if (!withheld) line.dataset.index = index(result.category);
  const why = withheld
    ? `too little speaks for one answer; most probable: ${spoken(best)}, ${percent(result.confidence)}`
    : `${percent(result.confidence)} probable`;
  line.append(make("span", {}, why));
  line.append(make("span", {}, `${seconds(result.duration_seconds)}, ${result.video.width}x${result.video.height}${result.tta ? ", four views" : ""}`));
  return line;
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
    line.append(make("b", {}, `Trust ${percent(result.trust)}.`),
      ` Of validation videos with such an answer, about ${of} in 100 were right. Trust weighs how sure, how unanimous and how familiar the video is.`);
  }
  if (result.label_set?.length > 1) line.append(` Not ruled out: ${result.label_set.map(spoken).join(", ")}.`);
  return line;
}

function strip(moments) {
  const most = Math.max(...moments.map((moment) => moment.attention));
  const items = moments.map((moment) => {
    const [name, share] = ranked(moment.scores)[0];
    const alt = `At ${seconds(moment.time)}: alone, ${spoken(name)} ${percent(share)}; attention ${percent(moment.attention)}`;
    return make("li", { "data-index": index(name) },
      make("img", { src: moment.thumbnail, alt, loading: "lazy" }),
      bar(moment.attention / most, `Attention ${percent(moment.attention)}`),
      make("span", { class: "opinion", title: alt, "aria-hidden": "true" }, `${Math.round(100 * share)} % ${spoken(name)}`),
      make("span", { class: "when", "aria-hidden": "true" }, seconds(moment.time)));
  });
  return make("ol", { class: "strip" }, ...items);
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

export function showResult(result) {
  return [
    verdict(result),
    bars(result.scores),
    trust(result),
    make("h3", {}, "Moments: attention, and what each part alone looks like"),
    strip(result.moments),
    members(result),
  ];
}
