// One document: its text with everything that was found in it, how sure the model is, and what made it.

import { lineageOf, reportWrong } from "./api.js";
import { el, hue, percent, replace, tone, when } from "./dom.js";
import { address, toggled } from "./state.js";
import { marked } from "./marks.js";

export function documentView(state, doc) {
  return el("article", { class: "document" },
    el("nav", { class: "crumbs" }, el("a", { class: "button", href: address({ ...state, document: null }), "data-nav": true, id: "back" }, "← Results"), wrongButton(doc)),
    el("header", { class: "document-head" }, el("h1", {}, "Document ", el("code", {}, doc.id)),
      el("p", { class: "card-meta" }, doc.source ? el("span", {}, doc.source) : null, doc.language ? el("span", {}, doc.language) : null,
        el("time", { datetime: doc.event_time }, when(doc.event_time)),
        doc.truncated ? el("span", { class: "pill negative", title: "The model has not seen all of the text" }, `covers ${percent(doc.coverage)}`) : null)),
    annotated(state, doc),
    lineage(doc));
}

// A correction goes to the labelling page, at the head of its queue.
function wrongButton(doc) {
  const said = el("span", { class: "muted", role: "status" });
  const button = el("button", { class: "button", id: "wrong", title: "Correct it on the labelling page; models learn from corrections" }, "This is wrong");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const result = await reportWrong(doc.id);
      location.assign(`/label?request=${encodeURIComponent(result.request_id)}`);
    } catch (error) {
      said.textContent = error.message;
      button.disabled = false;
    }
  });
  return [" ", button, " ", said];
}

export function annotated(state, doc) {
  const spans = [
    ...doc.entities.map((e) => ({ start: e.start, end: e.end, class: `entity ${hue(e.type)}`, label: e.type, title: `${e.type}, confidence ${e.confidence.toFixed(2)}` })),
    ...doc.aspects.map((a) => ({ start: a.start, end: a.end, class: `aspect ${tone(a.sentiment)}`, label: null, title: `aspect, ${a.sentiment}, confidence ${a.confidence.toFixed(2)}` })),
  ];
  return [
    el("div", { class: "document-text", lang: doc.language ?? null, dir: "auto" }, doc.text.trim() === "" ? el("em", {}, "(empty text)") : marked(doc.text, spans)),
    spans.length > 0 ? legend(doc) : null,
    el("div", { class: "panels" },
      el("div", { class: "panel-column" },
        doc.sentiment ? panel("Sentiment", scores(doc.sentiment.scores?.length ? doc.sentiment.scores : [doc.sentiment], (s) => tone(s.label))) : null,
        doc.topics.length > 0 ? panel("Topics", scores(doc.topics.slice(0, 6), () => "accent", (s) => state && address({ ...toggled({ ...state, topic: [] }, "topic", s.label), document: null }))) : null),
      el("div", { class: "panel-column" },
        panel("Entities", doc.entities.length === 0 ? el("p", { class: "muted" }, "None found.") : table(["Entity", "Type", "Confidence"], doc.entities.map((e) => [
          state ? el("a", { href: address({ ...toggled({ ...state, q: "", entity: [] }, "entity", `${e.type}:${e.text}`), document: null }), "data-nav": true }, e.text) : e.text,
          el("span", { class: `name ${hue(e.type)}` }, e.type), confidence(e.confidence)]))),
        doc.aspects.length > 0 ? panel("Aspects", table(["Aspect", "Sentiment", "Confidence"], doc.aspects.map((a) => [
          a.term, el("span", { class: `pill ${tone(a.sentiment)}` }, a.sentiment), confidence(a.confidence)]))) : null,
        doc.aspect_categories?.length > 0 ? panel("Categories", table(["Category", "Sentiment", "Confidence"], doc.aspect_categories.map((c) => [
          c.category, el("span", { class: `pill ${tone(c.sentiment)}` }, c.sentiment), confidence(c.confidence)]))) : null)),
  ];
}

function legend(doc) {
  const types = [...new Set(doc.entities.map((e) => e.type))];
  return el("p", { class: "legend" }, types.map((type) => el("span", { class: `name ${hue(type)}` }, type)),
    doc.aspects.length > 0 ? [el("span", { class: "legend-aspect positive" }, "aspect, positive"), el("span", { class: "legend-aspect neutral" }, "neutral"), el("span", { class: "legend-aspect negative" }, "negative")] : null);
}

const panel = (title, ...content) => el("section", { class: "panel" }, el("h2", {}, title), content);

const confidence = (value) => el("span", { class: "confidence" }, el("meter", { class: "bar accent", min: 0, max: 1, value, "aria-hidden": "true" }), value.toFixed(2));

const scores = (list, kind, link = () => null) => el("ul", { class: "scores" }, list.map((s) => el("li", {},
  link(s) ? el("a", { href: link(s), "data-nav": true }, s.label) : el("span", {}, s.label),
  el("meter", { class: `bar ${kind(s)}`, min: 0, max: 1, value: s.confidence, "aria-hidden": "true" }), el("span", { class: "number" }, s.confidence.toFixed(2)))));

const table = (heads, rows) => el("table", {}, el("thead", {}, el("tr", {}, heads.map((h) => el("th", { scope: "col" }, h)))),
  el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, cell))))));

function lineage(doc) {
  const line = doc.lineage;
  const rows = [["Model", `${line.model} ${line.model_version}`], ["Topology", line.topology], ["Message", `${line.topic}, partition ${line.partition}, offset ${line.offset}`],
    ["Read", when(doc.ingest_time)], ...Object.entries(line.heads ?? {}).map(([name, digest]) => [`Head ${name}`, digest])];
  const more = el("div", {});
  return el("details", { class: "lineage", ontoggle: (event) => { if (event.target.open && more.childElementCount === 0) showBundles(more, doc.id); } }, el("summary", {}, "Where this comes from"),
    el("dl", {}, rows.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    more,
    doc.metadata ? [el("h3", {}, "Producer's data"), el("pre", {}, JSON.stringify(doc.metadata, null, 2))] : null,
    el("p", {}, el("a", { href: `/v1/documents/${doc.id.split("/").map(encodeURIComponent).join("/")}` }, "The document as JSON")));
}

// The bundle, its parents, the labels they learnt from, and the labels of this document.
async function showBundles(into, id) {
  try {
    const found = await lineageOf(id);
    replace(into, el("h3", {}, "Made by"), table(["Bundle", "Decision", "Learnt from", "Cost"], found.bundles.map((b) => [
      `${b.name} ${b.version}`, b.decision ? `${b.decision} by ${b.decided_by}` : "",
      b.labels > 0 ? `${b.labels} labels: ${Object.entries(b.labellers).map(([name, n]) => `${name} ${n}`).join(", ")}${Object.keys(b.prompts).length > 0 ? `; prompts ${Object.keys(b.prompts).join(", ")}` : ""}${b.fine_tuned ? `; encoder ${b.fine_tuned}` : ""}` : b.data.slice(0, 6).join(", "),
      b.cost > 0 ? b.cost.toFixed(4) : ""])),
    found.labels.length > 0 ? [el("h3", {}, "Labels of this document"), table(["Task", "Labeller", "Answer", "Prompt"], found.labels.map((l) => [l.task, l.labeller, l.validity, l.prompt ?? ""]))] : null,
    found.taught.length > 0 ? el("p", {}, `Learnt from by ${found.taught.join(", ")}.`) : null);
  } catch {
    replace(into, el("p", { class: "muted" }, "More is not known here: this topology follows no registry."));
  }
}
