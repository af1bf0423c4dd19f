// Talks to the server. Errors come back as problem details; an Error thrown here carries their words and code.

const tokenKey = "streaming-token";

export class ProblemError extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

export function setToken(token) {
  sessionStorage.setItem(tokenKey, token);
}

export async function call(path, options = {}) {
  const headers = new Headers(options.headers);
  const token = sessionStorage.getItem(tokenKey);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  let response;
  try {
    response = await fetch(path, { ...options, headers, redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ProblemError(0, "unreachable", "The server does not answer. Is it still running?");
  }
  const type = response.headers.get("Content-Type") ?? "";
  const body = type.includes("json") ? await response.json() : null;
  if (!response.ok) throw new ProblemError(response.status, body?.code ?? "unexpected", body?.detail ?? `The server answered ${response.status}.`);
  return body;
}

export const search = (parameters, signal) => call(`/v1/search?${parameters}`, { signal });
export const suggest = (prefix, signal) => call(`/v1/suggest?${new URLSearchParams({ prefix, size: "8" })}`, { signal });
export const getDocument = (id, signal) => call(`/v1/documents/${id.split("/").map(encodeURIComponent).join("/")}`, { signal });
export const modelHistory = (signal) => call("/v1/models/history", { signal });
export const lineageOf = (id) => call(`/v1/lineage?${new URLSearchParams({ document: id })}`);
export const status = () => call("/v1/status");
export const analyze = (text, signal) => call("/v1/analyze", {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text }), signal,
});
export const reportWrong = (documentId) => call("/v1/labelling/reports", {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ document_id: documentId }),
});
