"use strict";
const form = document.getElementById("sheet"), kept = `grader-blind-${form.dataset.set}-${form.dataset.name}`;
const articles = [...form.querySelectorAll("article")], inputs = [...form.querySelectorAll("input")];
const most = Math.max(0, ...inputs.map((input) => Number(input.dataset.box || 0)));
const scores = inputs.filter((input) => "score" in input.dataset);
const value = (input) => input.type === "checkbox" ? (input.checked ? "x" : "") : input.value;
const tell = () => {
  const left = scores.filter((input) => !input.value).length;
  document.getElementById("left").textContent = left ? `${left} of ${scores.length} without a score` : "all have a score";
};
try {
  const before = JSON.parse(localStorage.getItem(kept) || "[]");
  if (before.length === inputs.length)
    inputs.forEach((input, n) => { if (input.type === "checkbox") input.checked = before[n] === "x"; else input.value = before[n]; });
} catch { /* a browser that keeps nothing for files still saves the CSV */ }
form.addEventListener("input", () => {
  tell();
  try { localStorage.setItem(kept, JSON.stringify(inputs.map(value))); } catch { /* as above */ }
});
// A text that a spreadsheet would run gets a ' before it.
const cell = (text) => `"${text.replace(/^[\s\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]/, "'$&").replaceAll('"', '""')}"`;
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const boxes = Array.from({ length: most }, (_, n) => String(n + 1));
  const rows = [["rater", "code", "answer", ...boxes, "score", "remark"]];
  const rater = document.getElementById("rater").textContent;
  for (const article of articles) {
    const ticks = boxes.map((n) => article.querySelector(`[data-box="${n}"]`)?.checked ? "x" : "");
    const [score, remark] = ["score", "remark"].map((name) => article.querySelector(`[data-${name}]`).value);
    rows.push([rater, article.dataset.code, article.querySelector(".answer").textContent, ...ticks, score, remark]);
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", rows.map((row) => row.map(cell).join(",") + "\r\n").join("")], { type: "text/csv" }));
  link.download = `${form.dataset.name}.csv`;
  link.click();
});
tell();
