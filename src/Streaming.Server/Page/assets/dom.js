// Builds elements. Text always goes in as text: nothing that came from a document is ever read as markup.

export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else element.setAttribute(name, value);
  }
  append(element, children);
  return element;
}

export function append(element, children) {
  for (const child of children.flat(3)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

export function replace(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

const numbers = new Intl.NumberFormat("en");
export const count = (value) => numbers.format(value);
export const percent = (value) => `${Math.round(value * 100)} %`;
export const plural = (value, one, many) => `${count(value)} ${value === 1 ? one : many}`;

export function when(iso) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  return date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

// A colour of the palette for a type or label: the known ones have their own, others one that stays theirs.
const known = { PER: 0, PERSON: 0, LOC: 1, LOCATION: 1, GPE: 1, ORG: 2, CORPORATION: 2, CORP: 2, MISC: 3, PRODUCT: 4, GROUP: 5, "CREATIVE-WORK": 6 };
export function hue(type) {
  const name = String(type).toUpperCase();
  if (Object.hasOwn(known, name)) return `hue-${known[name]}`;
  let hash = 7;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)) % 997;
  return `hue-${3 + (hash % 5)}`;
}

export function tone(label) {
  const name = String(label).toLowerCase();
  if (name.includes("pos")) return "positive";
  if (name.includes("neg")) return "negative";
  if (name.includes("neu")) return "neutral";
  return "mixed";
}
