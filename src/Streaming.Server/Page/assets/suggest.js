// Completes names under the search box; one that is chosen becomes a filter.

import { suggest } from "./api.js";
import { el, plural, replace } from "./dom.js";
import { describe } from "./facets.js";

const delay = 150;

export function completion(box, list, choose) {
  let asked = null;
  let timer = 0;
  let offered = new Map();

  async function ask(prefix) {
    asked?.abort();
    const mine = asked = new AbortController();
    try {
      const { suggestions } = await suggest(prefix, mine.signal);
      offered = new Map(suggestions.map((one) => [label(one), one]));
      replace(list, suggestions.map((one) => el("option", { value: label(one) }, plural(one.count, "document", "documents"))));
    } catch {
      // Completion is a convenience: the search itself says when something is wrong.
    }
  }

  box.addEventListener("input", () => {
    clearTimeout(timer);
    const chosen = offered.get(box.value);
    if (chosen) {
      offered = new Map();
      replace(list);
      box.value = "";
      choose(chosen.kind, chosen.value);
    } else if (box.value.trim().length > 1) timer = setTimeout(() => ask(box.value), delay);
    else replace(list);
  });
}

function label(one) {
  const words = describe(one.kind, one.value);
  return `${words.text} (${words.type ?? one.kind})`;
}
