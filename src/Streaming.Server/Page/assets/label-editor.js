// One text on the labelling page: its spans and labels as they are being corrected.

import { el, hue, replace, tone } from "./dom.js";
import { marked } from "./marks.js";

const titles = { entities: "Entities", topics: "Topics", sentiment: "Sentiment", aspects: "Aspects" };
const hasSpans = (task) => task === "entities" || task === "aspects";
const colour = (task, label) => (task === "aspects" ? tone(label) : hue(label));

// What the model guessed, as an answer.
function guessed(request, task) {
  const guess = request.guess ?? {};
  if (task === "entities") return { spans: (guess.entities ?? []).map((e) => ({ start: e.start, end: e.end, label: e.type, confidence: e.confidence })) };
  if (task === "aspects") return { spans: (guess.aspects ?? []).map((a) => ({ start: a.start, end: a.end, label: a.sentiment, confidence: a.confidence })) };
  if (task === "topics") return { labels: (guess.topics ?? []).slice(0, 1).map((t) => t.label) };
  return { labels: guess.sentiment ? [guess.sentiment.label] : [] };
}

// Words as places in the text; halves of a character are never cut apart.
function wordsOf(text) {
  return [...text.matchAll(/[\p{L}\p{N}\p{M}]+(?:['’.&-][\p{L}\p{N}\p{M}]+)*|[^\s\p{L}\p{N}\p{M}]/gu)].map((m) => ({ start: m.index, end: m.index + m[0].length }));
}

export class Editor {
  constructor(place, item, labels, { onAccept, onReject, onSkip, onUndo, answers, adjudicating, left, canUndo }) {
    Object.assign(this, { place, item, labels, onAccept, onReject, onSkip, onUndo, adjudicating, left, canUndo });
    this.tasks = item.request.tasks;
    this.words = wordsOf(item.request.text);
    const own = Object.fromEntries((adjudicating ? [] : item.answers ?? []).map((a) => [a.task, { spans: a.spans ?? [], labels: a.labels ?? [] }]));
    this.state = answers ?? Object.fromEntries(this.tasks.map((task) => [task, { spans: [], labels: [], ...guessed(item.request, task), ...own[task] }]));
    this.task = this.tasks[0];
    this.selection = null;
    this.anchor = null;
    this.edits = [];
    this.render();
  }

  get current() { return this.state[this.task]; }

  labelsOf(task) {
    const known = this.labels[task] ?? [];
    return known.length > 0 ? known : [...new Set([...(this.state[task].spans ?? []).map((s) => s.label), ...(this.state[task].labels ?? [])])];
  }

  answer() {
    return this.tasks.map((task) => hasSpans(task)
      ? { task, spans: this.state[task].spans.map(({ start, end, label }) => ({ start, end, label })) }
      : { task, labels: this.state[task].labels });
  }

  change(next) {
    this.edits.push(this.state);
    this.state = { ...this.state, [this.task]: { ...this.current, ...next } };
    this.render();
  }

  // A label for what is selected, or of the text.
  choose(label) {
    if (!hasSpans(this.task)) {
      const chosen = this.current.labels;
      if (this.task === "sentiment") this.change({ labels: [label] });
      else this.change({ labels: chosen.includes(label) ? chosen.filter((l) => l !== label) : [...chosen, label] });
      return;
    }
    if (!this.selection) return;
    const { start, end } = this.selection;
    const same = this.current.spans.find((s) => s.start === start && s.end === end);
    const rest = this.current.spans.filter((s) => s !== same && !(s.start < end && s.end > start && !(s.start >= start && s.end <= end) && !(s.start <= start && s.end >= end)));
    this.change({ spans: same?.label === label ? rest : [...rest, { start, end, label }].sort((a, b) => a.start - b.start || b.end - a.end) });
  }

  remove(span) {
    this.change({ spans: this.current.spans.filter((s) => s !== span) });
  }

  // By keyboard: arrows walk over words, with Shift they take more of them.
  walk(step, extend) {
    if (!hasSpans(this.task) || this.words.length === 0) return;
    const at = this.anchor ? this.anchor.to + step : step > 0 ? 0 : this.words.length - 1;
    const to = Math.max(0, Math.min(this.words.length - 1, at));
    const from = extend && this.anchor ? this.anchor.from : to;
    this.anchor = { from, to };
    const [first, last] = [Math.min(from, to), Math.max(from, to)];
    this.selection = { start: this.words[first].start, end: this.words[last].end };
    this.render();
  }

  // By mouse: what was dragged over, widened to whole words; a double click takes a word.
  fromMouse() {
    const chosen = getSelection();
    const text = this.place.querySelector(".label-text");
    if (!hasSpans(this.task) || !text || chosen.rangeCount === 0 || chosen.isCollapsed || !text.contains(chosen.anchorNode) || !text.contains(chosen.focusNode)) return;
    const range = chosen.getRangeAt(0);
    const offset = (node, inside) => { const before = document.createRange(); before.selectNodeContents(text); before.setEnd(node, inside); return before.toString().length; };
    const [from, to] = [offset(range.startContainer, range.startOffset), offset(range.endContainer, range.endOffset)];
    const touched = this.words.filter((w) => w.end > from && w.start < to);
    chosen.removeAllRanges();
    if (touched.length === 0) return;
    this.selection = { start: touched[0].start, end: touched[touched.length - 1].end };
    this.anchor = { from: this.words.indexOf(touched[0]), to: this.words.indexOf(touched[touched.length - 1]) };
    const known = this.labelsOf(this.task);
    if (known.length === 1) this.choose(known[0]);
    else this.render();
  }

  key(event) {
    const known = this.labelsOf(this.task);
    const number = "123456789".indexOf(event.key);
    if (number >= 0) { if (known[number] !== undefined) this.choose(known[number]); return true; }
    switch (event.key) {
      case "Enter": case "a": this.onAccept(); return true;
      case "r": this.onReject(); return true;
      case "s": this.onSkip(); return true;
      case "u": this.undo(); return true;
      case "t": this.task = this.tasks[(this.tasks.indexOf(this.task) + 1) % this.tasks.length]; this.selection = this.anchor = null; this.render(); return true;
      case "g": this.change(guessed(this.item.request, this.task)); return true;
      case "ArrowRight": this.walk(1, event.shiftKey); return true;
      case "ArrowLeft": this.walk(-1, event.shiftKey); return true;
      case "Escape": this.selection = this.anchor = null; this.render(); return true;
      case "Delete": case "Backspace": {
        const span = this.selection && this.current.spans.find((s) => s.start < this.selection.end && s.end > this.selection.start);
        if (span) this.remove(span);
        return true;
      }
      default: return false;
    }
  }

  undo() {
    if (this.edits.length === 0) return this.onUndo();
    this.state = this.edits.pop();
    this.render();
  }

  render() {
    const { request } = this.item;
    const scroll = scrollY;
    replace(this.place,
      el("article", { class: "label-card" },
        el("div", { class: "label-head" }, el("h1", {}, request.document_id), request.source ? el("span", { class: "muted" }, request.source) : null,
          request.reasons.map((r) => el("span", { class: "pill neutral", "data-reason": r.code }, r.code, r.task ? ` ${r.task}` : "", r.value !== undefined && r.code !== "control" ? ` ${r.value.toFixed(2)}` : "")),
          this.adjudicating ? el("span", { class: "pill accent" }, "adjudication") : el("span", { class: "muted", id: "left" }, `${this.left} in the queue`)),
        this.adjudicating ? this.others() : null,
        this.tasks.length > 1 ? el("div", { class: "tasks", role: "tablist" }, this.tasks.map((task) => el("button", { role: "tab", "aria-selected": String(task === this.task), "data-task": task,
          onclick: () => { this.task = task; this.selection = this.anchor = null; this.render(); } }, titles[task]))) : null,
        el("div", { class: "label-text", lang: request.language ?? null, dir: "auto", onmouseup: () => this.fromMouse() }, this.text()),
        el("div", { class: "choices", role: "group", "aria-label": `Labels: ${titles[this.task]}` }, this.labelsOf(this.task).map((label, i) => this.choice(label, i))),
        el("p", { class: "pill negative", id: "problem", role: "alert" }),
        el("div", { class: "label-actions" },
          el("button", { class: "button primary", id: "accept", onclick: () => this.onAccept() }, this.changed() ? "Save correction" : "Accept", el("kbd", {}, "Enter")),
          el("button", { class: "button", id: "reject", onclick: () => this.onReject(), title: "The text is not to be learnt from" }, "Reject", el("kbd", {}, "r")),
          el("button", { class: "button", id: "skip", onclick: () => this.onSkip() }, "Later", el("kbd", {}, "s")),
          el("button", { class: "button", id: "undo", disabled: this.edits.length === 0 && !this.canUndo, onclick: () => this.undo() }, "Undo", el("kbd", {}, "u")))),
      el("aside", { class: "label-card label-side" }, this.guess(), this.help()));
    scrollTo(0, scroll);
  }

  changed() {
    const said = (task) => JSON.stringify(hasSpans(task) ? this.state[task].spans.map((s) => [s.start, s.end, s.label]) : this.state[task].labels);
    return this.tasks.some((task) => {
      const guess = { spans: [], labels: [], ...guessed(this.item.request, task) };
      return said(task) !== JSON.stringify(hasSpans(task) ? guess.spans.map((s) => [s.start, s.end, s.label]) : guess.labels);
    });
  }

  text() {
    const spans = hasSpans(this.task) ? this.current.spans.map((s) => ({ ...s, class: `span ${colour(this.task, s.label)}`, title: s.confidence === undefined ? s.label : `${s.label}, confidence ${s.confidence.toFixed(2)}` })) : [];
    if (this.selection) spans.push({ ...this.selection, class: "cursor", label: null, title: "selected" });
    return marked(this.item.request.text, spans);
  }

  choice(label, i) {
    const chosen = hasSpans(this.task)
      ? this.selection !== null && this.current.spans.some((s) => s.start === this.selection.start && s.end === this.selection.end && s.label === label)
      : this.current.labels.includes(label);
    return el("button", { class: "choice", "data-label": label, "aria-pressed": String(chosen), onclick: () => this.choose(label) },
      i < 9 ? el("kbd", {}, String(i + 1)) : null, label, this.confidenceOf(label) === null ? null : el("span", { class: "number" }, this.confidenceOf(label).toFixed(2)));
  }

  confidenceOf(label) {
    const guess = this.item.request.guess ?? {};
    const scores = this.task === "topics" ? guess.topics : this.task === "sentiment" ? guess.sentiment?.scores : null;
    return scores?.find((s) => s.label === label)?.confidence ?? null;
  }

  guess() {
    if (!hasSpans(this.task)) {
      const chosen = guessed(this.item.request, this.task).labels;
      return el("section", {}, el("h2", {}, "The model's guess"), chosen.length === 0 ? el("p", { class: "muted" }, "None.")
        : el("ul", {}, chosen.map((label) => el("li", {}, el("span", {}, label), el("span", { class: "confidence" }, this.confidenceOf(label)?.toFixed(2) ?? "")))));
    }
    const { text } = this.item.request;
    return el("section", {}, el("h2", {}, titles[this.task]), this.current.spans.length === 0 ? el("p", { class: "muted" }, "None.")
      : el("ul", { id: "spans" }, this.current.spans.map((s) => el("li", {}, el("span", {}, text.slice(s.start, s.end)), el("span", { class: `name ${colour(this.task, s.label)}` }, s.label),
        el("span", { class: "muted" }, s.confidence === undefined ? "yours" : s.confidence.toFixed(2)), el("button", { class: "remove", title: "Remove", "aria-label": `Remove ${text.slice(s.start, s.end)}`, onclick: () => this.remove(s) }, "×")))));
  }

  others() {
    const { text } = this.item.request;
    const people = [...new Set(this.adjudicating.map((a) => a.labeller))];
    return el("div", { class: "answers" }, people.map((name) => {
      const mine = this.adjudicating.filter((a) => a.labeller === name);
      return el("section", {}, el("h2", {}, name), mine.map((a) => el("p", {}, a.validity === "rejected" ? "rejected" : hasSpans(a.task) ? (a.spans ?? []).map((s) => `${text.slice(s.start, s.end)} (${s.label})`).join(", ") || "none" : (a.labels ?? []).join(", "))),
        el("button", { class: "button take", "data-take": name, onclick: () => {
          this.edits.push(this.state);
          this.state = { ...this.state, ...Object.fromEntries(mine.map((a) => [a.task, { spans: a.spans ?? [], labels: a.labels ?? [] }])) };
          this.render();
        } }, `Take ${name}’s`));
    }));
  }

  help() {
    const keys = [["1–9", hasSpans(this.task) ? "label what is selected" : "choose a label"], ...(hasSpans(this.task) ? [["← →", "go from word to word"], ["Shift", "and ← →: take more words"], ["Del", "remove the label here"]] : []),
      ...(this.tasks.length > 1 ? [["t", "next task"]] : []), ["g", "back to the guess"], ["Enter", "accept or save"], ["r", "reject"], ["s", "later"], ["u", "undo"]];
    return el("section", {}, el("h2", {}, "Keys"), el("dl", {}, keys.map(([key, what]) => [el("dt", {}, key), el("dd", {}, what)])),
      hasSpans(this.task) ? el("p", { class: "muted" }, "Or drag over words, or double-click one, and click a label.") : null);
  }
}
