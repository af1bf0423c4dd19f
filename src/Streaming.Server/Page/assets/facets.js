// The filters at the side, with how many documents each would leave.

import { count, el, hue, replace, tone } from "./dom.js";
import { address, lists, toggled } from "./state.js";

const groups = [
  { facet: "topic", filter: "topic", title: "Topic" },
  { facet: "sentiment", filter: "sentiment", title: "Sentiment" },
  { facet: "entity_type", filter: "entity", title: "Entity type" },
  { facet: "entity", filter: "entity", title: "Entity" },
  { facet: "aspect", filter: "aspect", title: "Aspect" },
  { facet: "source", filter: "source", title: "Source" },
];

const periods = [["", "Any time"], ["24h", "Last 24 hours"], ["7d", "Last 7 days"], ["30d", "Last 30 days"], ["365d", "Last year"]];

export function describe(filter, value) {
  if (filter !== "entity") return { text: value };
  const colon = value.indexOf(":");
  if (colon < 0) return { text: value, hue: hue(value) };
  const type = value.slice(0, colon);
  return { text: value.slice(colon + 1), type, hue: type ? hue(type) : null };
}

export function showFacets(container, state, facets, navigate) {
  const panels = groups.map((group) => panel(group, state, facets[group.facet] ?? [], navigate)).filter(Boolean);
  const select = el("select", { id: "since", onchange: (event) => navigate({ ...state, since: event.target.value, after: [] }) },
    periods.map(([value, title]) => el("option", { value, selected: value === state.since }, title)));
  if (state.since && !periods.some(([value]) => value === state.since)) select.append(el("option", { value: state.since, selected: true }, `Since ${state.since}`));
  // On a phone the filters fold away; on a wide screen they are open.
  const details = el("details", { class: "facet-sheet", open: !matchMedia("(max-width: 56rem)").matches || container.dataset.open === "1" },
    el("summary", {}, "Filters", active(state) > 0 ? el("span", { class: "badge" }, active(state)) : null),
    panels,
    el("div", { class: "facet" }, el("label", { class: "facet-title", for: "since" }, "Time"), select));
  details.addEventListener("toggle", () => { container.dataset.open = details.open ? "1" : "0"; });
  replace(container, details);
}

export const active = (state) => lists.reduce((sum, name) => sum + state[name].length, 0) + (state.since ? 1 : 0);

function panel(group, state, values, navigate) {
  const ofThis = (value) => group.filter !== "entity" || (group.facet === "entity_type") === !value.includes(":");
  const chosen = state[group.filter].filter(ofThis);
  const shown = [...chosen.map((value) => values.find((v) => v.value === value) ?? { value, count: null }), ...values.filter((v) => !chosen.includes(v.value))];
  if (shown.length === 0) return null;
  const most = Math.max(1, ...shown.map((v) => v.count ?? 0));
  const id = `facet-${group.facet}`;
  return el("section", { class: "facet", "aria-labelledby": id },
    el("h2", { class: "facet-title", id }, group.title),
    el("ul", {}, shown.map((value) => {
      const on = chosen.includes(value.value);
      const words = describe(group.filter, value.value);
      const bar = el("meter", { class: `bar ${group.facet === "sentiment" ? tone(value.value) : words.hue ?? ""}`, min: 0, max: most, value: value.count ?? 0, "aria-hidden": "true" });
      return el("li", {}, el("a", {
        href: address(toggled(state, group.filter, value.value)), class: `facet-value${on ? " on" : ""}`, role: "button", "aria-pressed": on ? "true" : "false",
        "data-facet": group.facet, "data-value": value.value, "data-nav": true, title: on ? "Remove this filter" : null,
      },
      group.facet === "sentiment" ? el("span", { class: `dot ${tone(value.value)}` }) : words.hue ? el("span", { class: `dot ${words.hue}` }) : null,
      el("span", { class: "facet-text" }, words.text), words.type ? el("span", { class: "facet-kind" }, words.type) : null,
      el("span", { class: "facet-count" }, on ? "✕" : value.count === null ? "" : count(value.count)), bar));
    })));
}
