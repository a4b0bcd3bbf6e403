// The HTTP API: posts with upload progress, the event stream, and waiting when told to.

const KEY = "vidkind-key";

export const getKey = () => sessionStorage.getItem(KEY) ?? "";
export const setKey = (key) => sessionStorage.setItem(KEY, key);

const headers = () => (getKey() ? { Authorization: `Bearer ${getKey()}` } : {});
const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body?.detail || `The server answered with status ${status}.`);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function send(form, onUpload) {
  // XMLHttpRequest, since fetch does not tell how much of an upload has left.
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/jobs");
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onUpload((100 * event.loaded) / event.total);
    };
    request.onload = () => {
      const body = parse(request.responseText);
      if (request.status < 300) return done(body);
      fail(new Problem(request.status, body, Number(request.getResponseHeader("Retry-After")) || null));
    };
    request.onerror = () => fail(new Problem(0, { detail: "The server cannot be reached." }, null));
    if (form instanceof FormData) return request.send(form);
    request.setRequestHeader("Content-Type", "application/json");
    request.send(JSON.stringify(form));
  });
}

// Posts a video; waits and tries again where the server is busy and says for how long.
export async function post(source, choices, { onUpload, onBusy }) {
  for (let tries = 0; ; tries += 1) {
    let body = { ...(source.url ? { url: source.url } : { library_path: source.library }), ...choices };
    if (source.file) {
      body = new FormData();
      for (const [name, value] of Object.entries(choices)) body.append(name, String(value));
      body.append("file", source.file, source.file.name);
    }
    try {
      return await send(body, onUpload);
    } catch (problem) {
      if (!problem.retryAfter || ![429, 503].includes(problem.status) || tries > 60) throw problem;
      onBusy(problem.retryAfter);
      await wait(problem.retryAfter);
    }
  }
}

async function ask(path, options = {}) {
  const response = await fetch(path, { ...options, headers: headers() });
  if (response.ok) return response;
  const retryAfter = Number(response.headers.get("Retry-After")) || null;
  throw new Problem(response.status, parse(await response.text()), retryAfter);
}

export const getJob = async (id) => (await ask(`/api/v1/jobs/${id}`)).json();
export const getLibrary = async () => (await (await ask("/api/v1/library")).json()).videos;
export const deleteJob = (id) => ask(`/api/v1/jobs/${id}`, { method: "DELETE" });

// Reads server-sent events; EventSource could not send the key.
async function* events(id) {
  const response = await ask(`/api/v1/jobs/${id}/events`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s)));
      if (fields.event) yield { kind: fields.event, job: JSON.parse(fields.data) };
    }
  }
}

let streams = 0;
const MOST_STREAMS = 3; // of the six connections that a browser opens to one host
const POLL_SECONDS = 1.5;

async function followOnce(id, onProgress) {
  if (streams >= MOST_STREAMS) {
    const job = await getJob(id);
    if (["done", "failed"].includes(job.state)) return job;
    onProgress(job);
    await wait(POLL_SECONDS);
    return null;
  }
  streams += 1;
  try {
    for await (const { kind, job } of events(id)) {
      if (kind !== "progress") return job;
      onProgress(job);
    }
    return null;
  } finally {
    streams -= 1;
  }
}

// Follows a job to its end, over broken connections and restarts of the server.
export async function follow(id, onProgress) {
  for (;;) {
    try {
      const job = await followOnce(id, onProgress);
      if (job) return job;
    } catch (problem) {
      if ([401, 404].includes(problem.status)) throw problem;
      await wait(problem.retryAfter ?? 2);
    }
  }
}
