// Quality over time: F1 on the frozen test set after each decision, with every swap and refusal marked.

import { el, when } from "./dom.js";

const width = 720;
const height = 240;
const left = 44;
const right = 34;
const bottom = 28;

const names = { promoted: "promoted", refused: "refused", rolled_back: "rolled back", pinned: "pinned", unpinned: "unpinned", shadowed: "in the shadow", canaried: "canary", withdrawn: "withdrawn" };

export function qualityView(history) {
  const heads = [...new Set(history.events.flatMap((e) => Object.keys(e.metrics).filter((m) => m.endsWith(".test.micro_f1.after")).map((m) => m.split(".")[0])))];
  return el("section", { class: "quality" },
    el("nav", { class: "crumbs" }, el("a", { class: "button", href: "/", "data-nav": true }, "← Results")),
    el("h1", {}, "Quality over time"),
    el("p", { class: "muted" }, `${history.name} ${history.version ?? ""} is in force on the channel ${history.channel}${history.pinned ? ", pinned" : ""}.`),
    history.trial ? trial(history.trial) : null,
    heads.length === 0 ? el("p", { class: "state" }, "No retraining has been judged yet.") : heads.map((head) => chart(head, history.events)),
    decisions(history.events));
}

function chart(head, events) {
  const judged = events.filter((e) => `${head}.test.micro_f1.after` in e.metrics);
  const points = [];
  let level = null;
  judged.forEach((e, i) => {
    const before = e.metrics[`${head}.test.micro_f1.before`];
    const after = e.metrics[`${head}.test.micro_f1.after`];
    if (level === null) points.push({ x: 0, y: before });
    level = e.kind === "promoted" ? after : before;
    points.push({ x: i + 1, y: e.kind === "promoted" ? after : before, event: e, tried: after });
  });
  const x = (value) => left + (width - left - right) * (judged.length === 0 ? 0 : value / judged.length);
  const y = (value) => 12 + (height - 12 - bottom) * (1 - value);
  const path = points.map((p, i) => (i === 0 ? `M${x(p.x)} ${y(p.y)}` : `H${x(p.x)}V${y(p.y)}`)).join("");
  return el("figure", { class: "chart" },
    svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `F1 of the head ${head} on the frozen test set, from ${points[0].y.toFixed(3)} to ${points[points.length - 1].y.toFixed(3)} over ${judged.length} retrainings` },
      [0, 0.25, 0.5, 0.75, 1].map((v) => [svg("line", { class: "grid", x1: left, x2: width - right, y1: y(v), y2: y(v) }), svg("text", { class: "tick", x: left - 8, y: y(v) + 4, "text-anchor": "end" }, v.toFixed(2))]),
      svg("path", { class: "level", d: path }),
      points.filter((p) => p.event).map((p) => svg("circle", { class: `decision ${p.event.kind}`, cx: x(p.x), cy: y(p.tried), r: 6 },
        svg("title", {}, `${p.event.version} ${names[p.event.kind]}: F1 ${p.tried.toFixed(3)}, ${when(p.event.decided_at)}`))),
      points.filter((p) => p.event).map((p) => svg("text", { class: "tick", x: x(p.x), y: height - 8, "text-anchor": "middle" }, p.event.version))),
    el("figcaption", {}, `F1 of ${head} on the frozen test set. `, el("span", { class: "pill positive" }, "swapped in"), " ", el("span", { class: "pill negative" }, "refused")));
}

function trial(t) {
  const tasks = [...new Set([...Object.keys(t.agreement), ...Object.keys(t.confidence)])];
  const where = t.stage === "canary" ? `enriches ${(100 * t.share).toFixed(1)} % of the documents` : "computes beside it, and what it finds goes nowhere";
  return el("section", { class: "trial" },
    el("p", {}, `Version ${t.version} is being tried since ${when(t.since)}: it ${where}. ${t.documents} of ${t.needed} documents, ${t.failures} failures, ${t.latency_ratio.toFixed(2)} times as long.`),
    tasks.length === 0 ? null : el("table", {}, el("thead", {}, el("tr", {}, ["Task", "Agreement", "Confidence in force", "Confidence of the candidate"].map((h) => el("th", { scope: "col" }, h)))),
      el("tbody", {}, tasks.map((task) => el("tr", {}, el("td", {}, task), el("td", {}, share(t.agreement[task])), el("td", {}, share(t.confidence[task]?.[0])), el("td", {}, share(t.confidence[task]?.[1])))))));
}

function share(value) {
  return value === undefined ? "" : value.toFixed(3);
}

function decisions(events) {
  return el("table", {}, el("thead", {}, el("tr", {}, ["When", "Version", "Decision", "By", "Why"].map((h) => el("th", { scope: "col" }, h)))),
    el("tbody", {}, [...events].reverse().map((e) => el("tr", {}, el("td", {}, el("time", { datetime: e.decided_at }, when(e.decided_at))), el("td", {}, e.version),
      el("td", {}, el("span", { class: `pill ${e.kind === "refused" || e.kind === "withdrawn" ? "negative" : "positive"}` }, names[e.kind] ?? e.kind)), el("td", {}, e.decided_by), el("td", {}, e.reasons.join(" "))))));
}

function svg(tag, properties, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value);
  for (const child of children.flat(4)) element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  return element;
}
