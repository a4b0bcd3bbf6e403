// What a visitor does, and the list of jobs it leads to.

import { Problem, deleteJob, follow, getJob, getKey, getLibrary, post, setKey } from "./api.js";
import { chip, headline, make, percent, showResult, spoken } from "./result.js";
import { saveCsv, saveJson } from "./save.js";

const $ = (id) => document.getElementById(id);
const extensions = JSON.parse(document.body.dataset.extensions);
const maxBytes = Number(document.body.dataset.maxMb) * 2 ** 20;
const HISTORY = "vidkind-history";
const MOST = 100;
const AT_ONCE = 3;
const EXAMPLES = 4;
const results = new Map();
let history = [];
try {
  history = JSON.parse(localStorage.getItem(HISTORY)) ?? [];
} catch {
  history = [];
}

function remember() {
  history = history.slice(0, MOST);
  localStorage.setItem(HISTORY, JSON.stringify(history));
}

function say(text) {
  $("live").textContent = text;
}

function complain(text) {
  $("message").textContent = text;
  $("message").hidden = !text;
}

function refresh() {
  $("empty").hidden = $("list").children.length > 0;
  $("clear").hidden = history.length === 0;
  $("all-json").hidden = $("all-csv").hidden = results.size < 2;
  const counts = new Map();
  for (const { category } of results.values()) counts.set(category, (counts.get(category) ?? 0) + 1);
  const chips = [...counts].map(([name, count]) => chip(name, `${spoken(name)} ${count}`));
  $("tally").replaceChildren(...(results.size > 1 ? chips : []));
}

// A card stands for one job from before it is posted until it is removed.
class Card {
  constructor(source, choices) {
    this.source = source;
    this.choices = choices;
    this.state = make("span", { class: "state" }, "waiting to be sent");
    this.bar = make("progress", { max: "100", value: "0", "aria-label": `Progress of ${source.name}` });
    this.body = make("div", { class: "job" }, this.bar);
    this.buttons = make("div", { class: "actions" });
    const head = make("div", { class: "row" }, make("span", { class: "name" }, source.name), this.state);
    this.element = make("li", { class: "panel job" }, head, this.body, this.buttons);
    $("list").prepend(this.element);
    refresh();
  }

  // A "quiet" button asks for more; a "plain" one is there for those who look for it.
  button(text, kind, onclick, place = this.buttons) {
    const label = `${text}: ${this.source.name}`;
    place.append(make("button", { type: "button", class: kind, "aria-label": label, onclick }, text));
  }

  async send() {
    try {
      const job = await post(this.source, this.choices, {
        onUpload: (share) => this.progress(`uploading, ${Math.round(share)} %`, share),
        onBusy: (wait) => this.progress(`the service is busy; trying again in ${wait} s`, 0),
      });
      history = [{ id: job.id, name: this.source.name, url: this.source.url, library: this.source.library }, ...history];
      remember();
      // The answer is waited for beside the next upload.
      this.watch(job);
    } catch (problem) {
      this.fail(problem.message);
    }
  }

  async watch(job) {
    this.id = job.id;
    this.choices = { use_tta: job.use_tta, effort: job.effort };
    try {
      let current = job;
      if (!["done", "failed"].includes(job.state)) {
        this.show(job);
        current = await follow(job.id, (update) => this.show(update));
      }
      if (current.state === "done") this.done(current);
      else this.fail(current.error?.message ?? "The job was removed.");
    } catch (problem) {
      this.fail(problem.message);
    }
  }

  show(job) {
    const left = job.eta_seconds === null ? "" : `, about ${Math.max(1, Math.round(job.eta_seconds))} s left`;
    const text = job.state === "queued" ? `queued, ${job.ahead} ahead${left}` : `${job.stage}, ${Math.round(job.percent)} %${left}`;
    this.progress(text, job.percent);
  }

  progress(text, share) {
    this.state.textContent = text;
    this.bar.value = share;
  }

  done(job) {
    if (!job.result) return this.fail("The answer has expired; send the video again.");
    results.set(this.id, job.result);
    this.end("done", job.cached ? "done, from cache" : "done");
    if (job.cached) this.state.title = "The same file was classified before with the same options.";
    this.body.replaceChildren(...showResult(job.result, !this.restored));
    say(`${this.source.name}: ${headline(job.result)}, ${percent(job.result.confidence)}`);
    const { use_tta, effort } = this.choices;
    this.again(use_tta ? "Without TTA" : "With TTA", { effort, use_tta: !use_tta });
    if (effort !== "full") this.again("Full effort", { effort: "full", use_tta });
    const base = this.source.name.replace(/\.[^.]*$/, "");
    const files = make("span", { class: "files" }, "Save as");
    this.button("JSON", "plain", () => saveJson([job.result], base), files);
    this.button("CSV", "plain", () => saveCsv([job.result], base), files);
    this.buttons.append(files);
    this.removable();
  }

  fail(text) {
    this.end("failed", "failed");
    this.body.replaceChildren(make("p", { class: "message" }, text.charAt(0).toUpperCase() + text.slice(1)));
    say(`${this.source.name}: failed. ${text}`);
    this.again("Try again", this.choices);
    this.removable();
  }

  end(state, text) {
    this.state.textContent = text;
    this.state.dataset.state = state;
  }

  // The file of a card from before a reload is not there any more.
  again(text, choices) {
    const { file, url, library } = this.source;
    if (file || url || library) this.button(text, "quiet", () => new Card(this.source, choices).send());
  }

  removable() {
    this.button("Remove", "plain remove", async () => {
      if (this.id) await deleteJob(this.id).catch(() => {});
      this.forget();
      $("answers").focus();
    });
    refresh();
  }

  forget() {
    history = history.filter((entry) => entry.id !== this.id);
    results.delete(this.id);
    remember();
    this.element.remove();
    refresh();
  }
}

async function askAbout(sources) {
  complain("");
  const choices = { use_tta: $("tta").checked, effort: $("effort").value };
  const cards = sources.map((source) => new Card(source, choices));
  const queue = [...cards];
  const sender = async () => {
    while (queue.length) await queue.shift().send();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sender));
}

function takeFiles(files) {
  const refused = [];
  const taken = [...files].filter((file) => {
    const ending = file.name.slice(file.name.lastIndexOf(".")).toLowerCase();
    if (!extensions.includes(ending)) refused.push(`${file.name} does not end like a video.`);
    else if (file.size > maxBytes) refused.push(`${file.name} is larger than ${document.body.dataset.maxMb} MiB.`);
    else if (file.size === 0) refused.push(`${file.name} is empty.`);
    else return true;
    return false;
  });
  askAbout(taken.map((file) => ({ name: file.name, file })));
  complain(refused.join(" "));
}

function nameOf(url) {
  try {
    const { protocol, pathname, hostname } = new URL(url);
    return /^https?:$/.test(protocol) ? decodeURIComponent(pathname.split("/").pop()) || hostname : null;
  } catch {
    return null;
  }
}

$("file").addEventListener("change", (event) => {
  takeFiles(event.target.files);
  event.target.value = "";
});
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  $("drop").addEventListener(kind, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") takeFiles(event.dataTransfer.files);
  });
}
$("source-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const sources = [];
  const url = $("url").value.trim();
  if (url) {
    const name = nameOf(url);
    if (!name) return complain("That is not an address; expected one that begins with https:// or http://.");
    sources.push({ name, url });
  }
  const library = $("library")?.value;
  if (library) sources.push({ name: library, library });
  if (!sources.length) return complain(`Enter an address${$("library") ? " or choose a video of the library" : ""} first, or choose files above.`);
  askAbout(sources);
  for (const id of ["url", "library"]) if ($(id)) $(id).value = "";
});
$("key-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  setKey($("key").value);
  start();
});
$("all-json").addEventListener("click", () => saveJson([...results.values()], "vidkind"));
$("all-csv").addEventListener("click", () => saveCsv([...results.values()], "vidkind"));
$("clear").addEventListener("click", () => {
  history = [];
  remember();
  location.reload();
});

async function listLibrary() {
  const names = await getLibrary();
  $("library-names").replaceChildren(...names.map((name) => make("option", { value: name })));
}

// A few videos from all over the library, one click away.
function offerExamples() {
  const names = [...($("library-names")?.options ?? [])].map((option) => option.value);
  const count = Math.min(EXAMPLES, names.length);
  for (let i = 0; i < count; i += 1) {
    const library = names[Math.floor(((i + 0.5) * names.length) / count)];
    const onclick = () => askAbout([{ name: library, library }]);
    const text = library.split("/").pop().replace(/\.[^.]*$/, "");
    $("examples").append(make("button", { type: "button", class: "quiet", title: library, onclick }, text));
  }
  $("examples").hidden = count === 0;
}

async function restore(card, id) {
  try {
    await card.watch(await getJob(id));
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) card.forget();
    else card.fail(problem.message);
  }
}

// Shows the jobs this browser has asked about before; the newest first.
async function start() {
  complain("");
  if ($("key-form") && !getKey()) return complain("This service asks for an API key.");
  if ($("key-form") && $("library-names")) {
    try {
      await listLibrary();
    } catch (problem) {
      return complain(problem.message);
    }
  }
  if (!$("examples").querySelector("button")) offerExamples();
  if ($("list").children.length) return;
  for (const entry of history.toReversed()) {
    const card = new Card({ name: entry.name, url: entry.url, library: entry.library }, {});
    card.id = entry.id;
    card.restored = true;
    restore(card, entry.id);
  }
  refresh();
}

start();
