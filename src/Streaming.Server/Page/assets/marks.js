// Marks stretches of a text. Spans are UTF-16 code units, as JavaScript strings have them, and may overlap:
// the text is cut at every boundary, and each piece carries every span that covers it, the longest outermost.

import { el } from "./dom.js";

export function marked(text, spans) {
  const valid = spans.filter((s) => Number.isInteger(s.start) && Number.isInteger(s.end) && s.start >= 0 && s.end <= text.length && s.start < s.end);
  const cuts = [...new Set([0, text.length, ...valid.flatMap((s) => [s.start, s.end])])].sort((a, b) => a - b);
  const opening = [...valid].sort((a, b) => a.start - b.start || b.end - a.end);
  const nodes = [];
  let next = 0;
  let open = [];
  for (let i = 0; i + 1 < cuts.length; i++) {
    const [from, to] = [cuts[i], cuts[i + 1]];
    open = open.filter((s) => s.end > from);
    while (next < opening.length && opening[next].start === from) open.push(opening[next++]);
    let node = document.createTextNode(text.slice(from, to));
    const inner = [...open].sort((a, b) => (a.end - a.start) - (b.end - b.start));
    for (const span of inner) {
      const edges = `${span.start === from ? " first" : ""}${span.end === to ? " last" : ""}`;
      node = el(span.tag ?? "mark", { class: `${span.class}${edges}`, title: span.title, "data-label": span.end === to ? span.label : null }, node);
    }
    nodes.push(node);
  }
  return nodes;
}

// A stretch of a long text around its first highlight, cut between words, with the spans moved along.
export function excerpt(text, spans, length) {
  if (text.length <= length) return { text, spans, before: false, after: false };
  const first = spans.reduce((least, s) => (s.match && s.start < least ? s.start : least), Infinity);
  let from = first === Infinity ? 0 : Math.max(0, Math.min(first - Math.floor(length / 4), text.length - length));
  let to = Math.min(text.length, from + length);
  if (from > 0) {
    const space = text.indexOf(" ", from);
    if (space >= 0 && space < from + 30) from = space + 1;
  }
  if (to < text.length) {
    const space = text.lastIndexOf(" ", to);
    if (space > to - 30) to = space;
  }
  const low = (unit) => unit >= 0xdc00 && unit <= 0xdfff;
  if (low(text.charCodeAt(from))) from += 1;
  if (to < text.length && low(text.charCodeAt(to))) to -= 1;
  const moved = spans
    .filter((s) => s.end > from && s.start < to)
    .map((s) => ({ ...s, start: Math.max(s.start, from) - from, end: Math.min(s.end, to) - from }));
  return { text: text.slice(from, to), spans: moved, before: from > 0, after: to < text.length };
}
