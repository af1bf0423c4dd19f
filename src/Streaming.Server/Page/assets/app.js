// Reads the address, asks the server, shows the answer.

import { analyze, getDocument, modelHistory, ProblemError, search, setToken } from "./api.js";
import { announce, el, plural, replace } from "./dom.js";
import { annotated, documentView } from "./document.js";
import { showFacets } from "./facets.js";
import { qualityView } from "./quality.js";
import { watchProgress } from "./progress.js";
import { resultList } from "./results.js";
import { address, conditions, read, toggled } from "./state.js";
import { completion } from "./suggest.js";

const content = document.getElementById("content");
const facets = document.getElementById("facets");
const box = document.getElementById("q");
let running = null;
let quietAt = 0;

export function navigate(state, { replaceEntry = false } = {}) {
  history[replaceEntry ? "replaceState" : "pushState"](null, "", address(state));
  render({ focus: false });
}

async function render({ focus = false, quiet = false } = {}) {
  running?.abort();
  const mine = running = new AbortController();
  const state = read();
  if (document.activeElement !== box || box.value.trim() === "") box.value = state.q;
  document.body.dataset.view = state.document ? "document" : state.view || "results";
  const skeleton = quiet ? null : setTimeout(() => { content.setAttribute("aria-busy", "true"); if (content.childElementCount === 0) showSkeleton(); }, 120);
  try {
    if (state.document !== null) {
      const doc = await getDocument(state.document, mine.signal);
      document.title = `${doc.text.slice(0, 60)} · Streaming`;
      replace(content, documentView(state, doc));
      scrollTo(0, 0);
    } else if (state.view === "quality") {
      document.title = "Quality over time · Streaming";
      replace(content, qualityView(await modelHistory(mine.signal)));
    } else if (state.view === "try") {
      document.title = "Try a text · Streaming";
      showTry(mine.signal);
    } else {
      const parameters = conditions(state);
      if (state.after.length > 0) parameters.set("after", state.after[state.after.length - 1]);
      const result = await search(parameters, mine.signal);
      document.title = state.q.trim() ? `${state.q} · Streaming` : "Streaming";
      showFacets(facets, state, result.facets, navigate);
      replace(content, resultList(state, result, navigate));
      if (!quiet) announce(plural(result.total, "document found", "documents found"));
    }
    if (focus) content.focus({ preventScroll: true });
  } catch (error) {
    if (error.name === "AbortError" || mine !== running) return;
    if (!quiet) showError(error);
  } finally {
    clearTimeout(skeleton);
    if (mine === running) content.removeAttribute("aria-busy");
  }
}

function showSkeleton() {
  replace(content, Array.from({ length: 5 }, () => el("div", { class: "card skeleton", "aria-hidden": "true" }, el("span"), el("span"), el("span"))));
}

function showError(error) {
  if (!(error instanceof ProblemError)) console.error(error);
  if (error.code === "token_required") {
    showTokenForm();
    return;
  }
  const title = error.status === 404 ? "Not found" : error.status === 503 || error.status === 0 ? "Not available" : "That did not work";
  replace(content, el("div", { class: "state", role: "alert" }, el("h1", {}, title), el("p", {}, error.message), error.code ? el("p", { class: "muted" }, el("code", {}, error.code)) : null,
    el("button", { class: "button", onclick: () => render() }, "Try again"), " ", el("a", { class: "button", href: "/", "data-nav": true }, "Start page")));
}

function showTokenForm() {
  const input = el("input", { type: "password", id: "token", autocomplete: "off", required: true });
  replace(content, el("form", { class: "state", onsubmit: (event) => { event.preventDefault(); setToken(input.value.trim()); render(); } },
    el("h1", {}, "A token is needed"), el("p", {}, "This server is open to others, so it asks for its token. It is kept until this tab is closed."),
    el("label", { for: "token" }, "Token "), input, " ", el("button", { class: "button" }, "Go on")));
  input.focus();
}

function showTry(signal) {
  const text = el("textarea", { id: "text", rows: 5, maxlength: 20000, placeholder: "Paste or write a text" });
  text.value = sessionStorage.getItem("streaming-try") ?? "The staff at the Grand Hotel in Vienna were wonderful, but the breakfast was cold, said Maria Gruber of Lonely Planet.";
  const output = el("div", { class: "try-output", "aria-live": "polite" });
  const button = el("button", { class: "button primary" }, "Analyse");
  const form = el("form", {}, text, el("div", { class: "row" }, button, el("span", { class: "muted" }, "Nothing is kept. Ctrl + Enter works as well.")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    sessionStorage.setItem("streaming-try", text.value);
    button.disabled = true;
    try {
      const result = await analyze(text.value, signal);
      replace(output, annotated(null, result), el("p", { class: "muted" }, `${result.model} ${result.model_version}`));
    } catch (error) {
      if (error.name !== "AbortError") replace(output, el("p", { class: "state", role: "alert" }, error.message));
    } finally {
      button.disabled = false;
    }
  });
  text.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit(); });
  replace(content, el("section", { class: "try" }, el("nav", { class: "crumbs" }, el("a", { class: "button", href: "/", "data-nav": true }, "← Results")), el("h1", {}, "Try a text"), el("label", { class: "visually-hidden", for: "text" }, "Text"), form, output));
  form.requestSubmit();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-nav]");
  if (!link || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  // Selecting a card's text is not a click on it.
  if (link.classList.contains("card-link") && String(getSelection()).length > 0) return event.preventDefault();
  event.preventDefault();
  const facet = link.dataset.facet;
  const value = link.dataset.value;
  history.pushState(null, "", link.getAttribute("href"));
  render({ focus: !facet }).then(() => {
    // The list was built anew: give the focus back to the same filter.
    if (facet) [...facets.querySelectorAll("a[data-facet]")].find((a) => a.dataset.facet === facet && a.dataset.value === value)?.focus();
  });
});

document.getElementById("search").addEventListener("submit", (event) => {
  event.preventDefault();
  navigate({ ...read(), q: box.value, after: [], document: null, view: "" });
});

completion(box, document.getElementById("suggestions"), (kind, value) => {
  const state = read();
  if (!state[kind].includes(value)) navigate(toggled({ ...state, q: "" }, kind, value));
});

box.addEventListener("search", () => {
  if (box.value === "" && read().q !== "") navigate({ ...read(), q: "", after: [], document: null, view: "" });
});

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement || event.target instanceof HTMLSelectElement;
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    box.focus();
    box.select();
  } else if (event.key === "Escape" && read().document !== null) navigate({ ...read(), document: null });
  else if ((event.key === " ") && event.target.matches?.("a[role=button]")) {
    event.preventDefault();
    event.target.click();
  }
});

window.addEventListener("popstate", () => render({ focus: false }));

render();
watchProgress(() => {
  // New documents: the list follows while nobody is reading it.
  const state = read();
  const busy = content.contains(document.activeElement) && document.activeElement !== content || facets.contains(document.activeElement);
  if (state.document !== null || state.view || state.after.length > 0 || busy || scrollY > 150 || performance.now() - quietAt < 3000) return;
  quietAt = performance.now();
  render({ quiet: true });
});
