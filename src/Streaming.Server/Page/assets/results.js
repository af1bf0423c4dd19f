// The list of documents that match.

import { count, el, hue, plural, tone, when } from "./dom.js";
import { address, hasConditions, lists, toggled } from "./state.js";
import { excerpt, marked } from "./marks.js";
import { describe } from "./facets.js";

export function resultList(state, result, navigate) {
  const parts = [heading(state, result, navigate), chips(state)];
  if (result.hits.length === 0) parts.push(empty(state));
  else parts.push(el("ol", { class: "hits" }, result.hits.map((hit) => el("li", {}, card(state, hit)))), paging(state, result));
  return parts;
}

function heading(state, result, navigate) {
  const order = el("select", { "aria-label": "Order", onchange: (event) => navigate({ ...state, order: event.target.value, after: [] }) },
    el("option", { value: "", selected: state.order !== "newest" }, state.q.trim() ? "Best match first" : "Newest first"),
    state.q.trim() ? el("option", { value: "newest", selected: state.order === "newest" }, "Newest first") : null);
  return el("div", { class: "results-head" },
    el("h1", {}, plural(result.total, "document", "documents"), el("small", {}, ` in ${result.took_ms < 10 ? result.took_ms.toFixed(1) : Math.round(result.took_ms)} ms`)),
    result.hits.length > 0 && state.q.trim() ? order : null);
}

function chips(state) {
  const all = lists.flatMap((name) => state[name].map((value) => {
    const words = describe(name, value);
    return el("a", { class: "chip removable", href: address(toggled(state, name, value)), "data-nav": true, "aria-label": `Remove filter ${name} ${value}` },
      el("span", { class: "chip-kind" }, name), words.type ? `${words.type} ` : null, words.text, el("span", { "aria-hidden": "true" }, " ✕"));
  }));
  if (state.since) all.push(el("a", { class: "chip removable", href: address({ ...state, since: "", after: [] }), "data-nav": true }, el("span", { class: "chip-kind" }, "since"), state.since, " ✕"));
  if (all.length === 0) return null;
  if (all.length > 1) all.push(el("a", { class: "clear", href: address({ ...state, entity: [], topic: [], sentiment: [], aspect: [], source: [], since: "", after: [] }), "data-nav": true }, "Clear all"));
  return el("div", { class: "chips", role: "group", "aria-label": "Filters in force" }, all);
}

function card(state, hit) {
  const doc = hit.document;
  const spans = [
    ...doc.entities.map((e) => ({ start: e.start, end: e.end, tag: "span", class: `soft ${hue(e.type)}`, title: e.type })),
    ...hit.highlights.map((h) => ({ start: h.start, end: h.end, tag: "mark", class: "match", match: true })),
  ];
  const part = excerpt(doc.text, spans, 360);
  const topic = doc.topics[0];
  const names = [...new Map(doc.entities.map((e) => [`${e.type}:${e.text.toLowerCase()}`, e])).values()].slice(0, 8);
  return el("article", { class: `card ${doc.sentiment ? tone(doc.sentiment.label) : ""}` },
    el("div", { class: "card-meta" },
      doc.sentiment ? el("span", { class: `pill ${tone(doc.sentiment.label)}`, title: `confidence ${doc.sentiment.confidence.toFixed(2)}` }, doc.sentiment.label) : null,
      topic ? el("span", { class: "pill topic", title: `confidence ${topic.confidence.toFixed(2)}` }, topic.label) : null,
      doc.source ? el("span", {}, doc.source) : null,
      el("time", { datetime: doc.event_time }, when(doc.event_time))),
    el("p", { class: "card-text", lang: doc.language ?? null, dir: "auto" },
      el("a", { class: "card-link", href: address({ ...state, document: doc.id }), "data-nav": true, "data-document": doc.id },
        part.before ? "… " : null, doc.text.trim() === "" ? el("em", {}, "(empty text)") : marked(part.text, part.spans), part.after ? " …" : null)),
    names.length > 0 ? el("ul", { class: "names", "aria-label": "Entities" }, names.map((e) => el("li", {},
      el("a", { class: `name ${hue(e.type)}`, href: address(toggled(state, "entity", `${e.type}:${e.text}`)), "data-nav": true, title: `Only documents with ${e.type} ${e.text}` },
        e.text, el("span", { class: "name-kind" }, e.type))))) : null);
}

function paging(state, result) {
  const after = state.after;
  if (after.length === 0 && !result.next) return null;
  return el("nav", { class: "paging", "aria-label": "Pages" },
    after.length > 0 ? el("a", { class: "button", rel: "prev", href: address({ ...state, after: after.slice(0, -1) }), "data-nav": true }, "← Previous") : el("span"),
    el("span", { class: "muted" }, `Page ${count(after.length + 1)}`),
    result.next ? el("a", { class: "button", rel: "next", href: address({ ...state, after: [...after, result.next] }), "data-nav": true }, "Next →") : el("span"));
}

function empty(state) {
  if (hasConditions(state)) {
    return el("div", { class: "state" }, el("h2", {}, "Nothing matches"),
      el("p", {}, "All words must occur in a document. Try fewer words, or remove a filter."),
      el("a", { class: "button", href: "/", "data-nav": true }, "Show everything"));
  }
  return el("div", { class: "state" }, el("h2", {}, "No documents yet"),
    el("p", {}, "Documents appear here as soon as the pipeline has enriched them. Send one:"),
    el("pre", {}, `curl ${location.origin}/v1/topics/text.raw/messages \\\n  -H 'Content-Type: text/plain' -d 'Ada Lovelace lived in London.'`));
}
