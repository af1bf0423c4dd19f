// How far people agree, and the texts on which they do not.

import { el } from "./dom.js";

const figure = (value) => (value === undefined || value === null ? "–" : value.toFixed(2));

export function agreementView(report, decide) {
  return el("div", { class: "wide label-card" },
    el("h1", {}, "Agreement"),
    report.pairs.length === 0 ? el("p", { class: "muted" }, "No text has been labelled by two people yet.")
      : el("table", { class: "agreement-table" },
        el("thead", {}, el("tr", {}, ["Task", "People"].map((h) => el("th", { scope: "col" }, h)), ["Texts", "Same", "Cohen's κ", "Span F1"].map((h) => el("th", { scope: "col", class: "number" }, h)))),
        el("tbody", {}, report.pairs.map((p) => el("tr", {}, el("td", {}, p.task), el("td", {}, `${p.first} and ${p.second}`),
          [String(p.texts), String(p.same), figure(p.kappa), figure(p.span_f1)].map((v) => el("td", { class: "number" }, v)))))),
    el("h2", {}, "To be decided"),
    report.disagreements.length === 0 ? el("p", { class: "muted" }, "Nothing.")
      : el("ul", { class: "disagreements" }, report.disagreements.map((item) => el("li", {}, el("button", { class: "button decide", onclick: () => decide(item) }, "Decide"), " ", item.request.text.slice(0, 140)))));
}
