// The strip that shows what the pipeline of this process is doing right now.

import { count, el, replace } from "./dom.js";
import { status } from "./api.js";

export function watchProgress(onGrowth) {
  const strip = document.getElementById("progress");
  const bar = document.getElementById("progress-bar");
  let last = null;
  let failures = 0;

  async function tick() {
    let pause = 1000;
    if (document.hidden) pause = 3000;
    else {
      try {
        const now = await status();
        failures = 0;
        pause = show(now) ? 1000 : 5000;
        const done = now.documents ?? 0;
        if (last !== null && done !== last) onGrowth(done);
        last = done;
      } catch {
        failures += 1;
        pause = Math.min(30000, 2000 * 2 ** failures);
        strip.hidden = strip.hidden || failures > 3;
      }
    }
    setTimeout(tick, pause);
  }

  function show(now) {
    const live = now.live;
    if (!live) {
      strip.hidden = true;
      return false;
    }
    strip.hidden = false;
    strip.dataset.phase = live.phase;
    const words = { starting: "Loading the model", running: "Enriching", waiting: "Up to date", stopped: "Stopped" };
    document.getElementById("progress-label").textContent = words[live.phase] ?? live.phase;
    if (live.total) {
      bar.max = live.total;
      bar.value = Math.min(live.done, live.total);
    } else if (live.phase === "running" || live.phase === "starting") bar.removeAttribute("value");
    else {
      bar.max = 1;
      bar.value = 1;
    }
    bar.hidden = live.phase === "waiting";
    const figures = [["documents", count(now.documents ?? live.done)], ["a second", live.phase === "running" ? count(Math.round(live.documents_per_second)) : null],
      ["waiting", live.backlog > 0 ? count(live.backlog) : null], ["entities", live.entities > 0 ? count(live.entities) : null],
      ["given up", now.topologies.some((t) => t.dead_lettered > 0) ? count(now.topologies.reduce((sum, t) => sum + t.dead_lettered, 0)) : null]];
    replace(document.getElementById("progress-figures"), figures.filter(([, value]) => value !== null).map(([name, value]) => el("div", {}, el("dd", {}, value), el("dt", {}, name))));
    return live.phase !== "waiting" && live.phase !== "stopped";
  }

  tick();
}
