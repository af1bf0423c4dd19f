// What the page shows is what its address says; going back is the browser's own button.

export const lists = ["entity", "topic", "sentiment", "aspect", "source"];

export function read() {
  const parameters = new URLSearchParams(location.search);
  const state = { q: parameters.get("q") ?? "", since: parameters.get("since") ?? "", order: parameters.get("order") ?? "", after: parameters.getAll("after"),
    document: parameters.get("document"), view: parameters.get("view") ?? "" };
  for (const name of lists) state[name] = parameters.getAll(name);
  return state;
}

export function conditions(state) {
  const parameters = new URLSearchParams();
  if (state.q.trim() !== "") parameters.set("q", state.q);
  for (const name of lists) for (const value of state[name]) parameters.append(name, value);
  if (state.since) parameters.set("since", state.since);
  if (state.order) parameters.set("order", state.order);
  return parameters;
}

export function address(state) {
  const parameters = conditions(state);
  for (const after of state.after ?? []) parameters.append("after", after);
  if (state.document) parameters.set("document", state.document);
  if (state.view) parameters.set("view", state.view);
  const query = parameters.toString();
  return query ? `/?${query}` : "/";
}

// Another condition or one less; paging and an open document start over.
export function toggled(state, name, value) {
  const values = state[name].includes(value) ? state[name].filter((v) => v !== value) : [...state[name], value];
  return { ...state, [name]: values, after: [], document: null, view: "" };
}

export const hasConditions = (state) => conditions({ ...state, order: "" }).toString() !== "";
