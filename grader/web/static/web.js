// Keys for marking, and where the focus goes after a part of the page was exchanged. Everything works without it.
"use strict";
const work = () => document.getElementById("work");
const keysAreOn = () => document.getElementById("keys")?.checked;
const form = () => document.getElementById("mark");

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("[data-ctrl-enter]")) {
    event.target.form.requestSubmit();
    return;
  }
  if (event.key === "Escape") { document.activeElement?.blur(); return; }
  if (!work() || !keysAreOn() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const at = event.target;
  const typing = at.matches("textarea, select, input:not([type=radio]):not([type=checkbox])");
  if (event.key === "Enter" && form() && !at.closest("button, a, summary")) {
    event.preventDefault();
    if (!event.repeat) form().requestSubmit();
    return;
  }
  if (typing) return;
  const button = work().querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  const point = /^[1-9]$/.test(event.key) && work().querySelector(`[data-point="${event.key}"]`);
  if (button) button.click();
  else if (point) {
    const choices = [...point.querySelectorAll("input")];
    const next = choices[(choices.findIndex((each) => each.checked) + 1) % choices.length];
    next.checked = true;
    next.dispatchEvent(new Event("change", { bubbles: true }));
  } else if (event.key === "s") document.getElementById("score")?.select();
  else if (event.key === "w") document.querySelector("[name=why]")?.focus();
  else if (event.key === "t") {
    const boxes = [...document.querySelectorAll("[name=together]")];
    const on = boxes.some((box) => !box.checked);
    boxes.forEach((box) => { box.checked = on; });
  } else return;
  event.preventDefault();
});

// The score follows the points by way of the server. What was typed meanwhile stays, and saving waits for it.
let waiting = 0, typed = false, saveThen = false;
const isPreview = (event) => event.detail.requestConfig?.path.endsWith("/points");
document.addEventListener("input", (event) => { if (event.target.id === "score") typed = true; });
document.addEventListener("change", (event) => { if (event.target.type === "radio") typed = false; });
document.addEventListener("htmx:beforeSend", (event) => { if (isPreview(event)) waiting += 1; });
document.addEventListener("htmx:beforeSwap", (event) => { if (isPreview(event) && typed) event.detail.shouldSwap = false; });
document.addEventListener("htmx:afterRequest", (event) => {
  if (!isPreview(event)) return;
  waiting -= 1;
  if (waiting === 0 && saveThen) { saveThen = false; if (event.detail.successful) form()?.requestSubmit(); }
});
document.addEventListener("submit", (event) => {
  const other = event.submitter?.hasAttribute("formaction");
  if (event.target.id !== "mark" || other || typed || waiting === 0) return;
  event.preventDefault();
  event.stopPropagation();
  saveThen = true;
}, true);

document.addEventListener("htmx:afterSwap", (event) => {
  const fault = document.getElementById("fault");
  if (fault) fault.textContent = "";
  const score = document.getElementById("score");
  if (event.detail.target.id === "scorebox" && document.activeElement === score) score.select();
  if (event.detail.target.id === "work") {
    typed = false;
    document.getElementById("answer")?.focus();
    window.scrollTo(0, 0);
  }
});
document.addEventListener("htmx:responseError", (event) => {
  const found = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  const fault = document.getElementById("fault");
  if (fault) { fault.textContent = found.body.textContent.trim() || "The server refused this."; fault.className = "problem"; }
});
document.addEventListener("htmx:sendError", () => {
  const fault = document.getElementById("fault");
  if (fault) { fault.textContent = "The server does not answer: nothing was saved. Is it still running?"; fault.className = "problem"; }
});
const box = document.getElementById("keys");
if (box) {
  box.checked = localStorage.getItem("keys") !== "off";
  box.addEventListener("change", () => localStorage.setItem("keys", box.checked ? "on" : "off"));
}
