// Answers as files.

function save(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function cell(value) {
  let text = value === null || value === undefined ? "" : String(value);
  // A spreadsheet would run a name that begins like a formula.
  if (/^[=+\-@\t]/.test(text) && Number.isNaN(Number(text))) text = `'${text}`;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function saveJson(results, name) {
  save(`${name}.json`, "application/json", JSON.stringify(results, null, 2));
}

export function saveCsv(results, name) {
  const categories = JSON.parse(document.body.dataset.categories);
  const head = ["path", "category", "confidence", "trust", ...categories, "duration_seconds", "tta"];
  const rows = results.map((r) => [r.path, r.category, r.confidence, r.trust, ...categories.map((c) => r.scores[c]), r.duration_seconds, r.tta]);
  save(`${name}.csv`, "text/csv", [head, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n");
}
