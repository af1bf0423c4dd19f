// The labelling page: a queue of texts, the model's guess to accept, correct or reject, all of it by keyboard.

import { call, ProblemError, setToken } from "./api.js";
import { announce, el, replace } from "./dom.js";
import { Editor } from "./label-editor.js";
import { agreementView } from "./label-agreement.js";

const content = document.getElementById("content");
const nameBox = document.getElementById("name");
const nameKey = "streaming-labeller";
const parameters = new URLSearchParams(location.search);
const view = parameters.get("view") ?? "queue";
let queue = [];
let labels = {};
let editor = null;
const saved = [];

const post = (path, body) => call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
const labeller = () => nameBox.value.trim();

nameBox.value = localStorage.getItem(nameKey) ?? "";
document.getElementById("who").addEventListener("submit", (event) => { event.preventDefault(); nameBox.blur(); });
nameBox.addEventListener("change", () => {
  if (!nameBox.checkValidity()) return nameBox.reportValidity();
  localStorage.setItem(nameKey, labeller());
  queue = [];
  saved.length = 0;
  start();
});
document.getElementById(view === "agreement" ? "tab-agreement" : "tab-queue").setAttribute("aria-current", "page");

async function guarded(action) {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof ProblemError)) console.error(error);
    if (error.code === "token_required") askToken();
    else if (editor && error.status >= 400 && error.status < 500) announceProblem(error.message);
    else replace(content, el("div", { class: "state wide", role: "alert" }, el("h1", {}, "That did not work"), el("p", {}, error.message), el("button", { class: "button", onclick: start }, "Try again")));
    return null;
  }
}

function announceProblem(message) {
  announce(message);
  const place = document.getElementById("problem");
  if (place) place.textContent = message;
}

function askToken() {
  const input = el("input", { type: "password", id: "token", autocomplete: "off", required: true });
  replace(content, el("form", { class: "state wide", onsubmit: (event) => { event.preventDefault(); setToken(input.value.trim()); start(); } },
    el("h1", {}, "A token is needed"), el("label", { for: "token" }, "Token "), input, " ", el("button", { class: "button" }, "Go on")));
  input.focus();
}

async function start() {
  if (labeller() === "") {
    replace(content, el("div", { class: "state wide" }, el("h1", {}, "Who are you?"), el("p", {}, "Write your name at the top right. Labels carry it, so that two people's can be compared.")));
    nameBox.focus();
    return;
  }
  await guarded(async () => {
    if (view === "agreement") return showAgreement();
    const asked = parameters.get("request");
    await fetchQueue(asked);
    showNext();
  });
}

async function fetchQueue(request) {
  const query = new URLSearchParams({ labeller: labeller() });
  if (request) query.set("request", request);
  const answer = await call(`/v1/labelling/queue?${query}`);
  labels = answer.labels;
  queue = answer.items;
}

async function showNext() {
  if (queue.length === 0) await guarded(() => fetchQueue(null));
  if (queue.length === 0) {
    editor = null;
    replace(content, el("div", { class: "state wide" }, el("h1", {}, "Nothing to label"), el("p", {}, "Texts come here when the model is unsure of them, at random, and when somebody says that something is wrong."),
      saved.length > 0 ? el("button", { class: "button", id: "undo", onclick: undo }, "Undo the last one") : null));
    return;
  }
  open(queue[0]);
}

function open(item, answers = null, adjudicating = null) {
  editor = new Editor(content, item, labels, {
    onAccept: () => save(false), onReject: () => save(true), onSkip: skip, onUndo: undo, answers, adjudicating, left: queue.length, canUndo: saved.length > 0,
  });
  announce(`${item.request.text.slice(0, 120)}`);
}

async function save(rejected) {
  const { request } = editor.item;
  const answer = { request_id: request.id, labeller: labeller(), rejected, adjudicated: editor.adjudicating !== null, tasks: editor.answer() };
  const kept = { item: editor.item, state: editor.state };
  if (await guarded(() => post("/v1/labelling/samples", answer)) === null) return;
  if (editor.adjudicating) return start();
  saved.push(kept);
  queue.shift();
  announce(rejected ? "Rejected" : "Saved");
  await showNext();
}

function skip() {
  if (editor.adjudicating) return start();
  queue.push(queue.shift());
  open(queue[0]);
}

async function undo() {
  const last = saved.pop();
  if (!last) return announce("Nothing to undo");
  if (await guarded(() => post("/v1/labelling/undo", { request_id: last.item.request.id, labeller: labeller() })) === null) return;
  queue.unshift(last.item);
  open(last.item, last.state);
  announce("Taken back");
}

async function showAgreement() {
  const report = await call("/v1/labelling/agreement");
  const answer = await call(`/v1/labelling/queue?${new URLSearchParams({ labeller: labeller(), size: "1" })}`);
  labels = answer.labels;
  editor = null;
  replace(content, agreementView(report, (item) => open(item, null, item.answers)));
}

document.addEventListener("keydown", (event) => {
  if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
  if (editor === null) {
    if (event.key === "u" && saved.length > 0) undo();
    return;
  }
  if (event.target instanceof HTMLButtonElement && (event.key === "Enter" || event.key === " ")) return;
  if (editor.key(event)) event.preventDefault();
});

start();
