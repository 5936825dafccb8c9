/* Keeps the counts on a letter's page fresh: one small file, at most once a minute, only while somebody looks; silent for good on the first error. */
(() => {
  "use strict";
  const page = document.querySelector("[data-counts]");
  if (!page || navigator.connection?.saveData) return;
  const PAUSE = 60_000;
  const words = new Intl.NumberFormat(document.documentElement.lang, { numberingSystem: "latn", useGrouping: "always" });
  let asked = Date.now();
  let timer;

  const show = (counts) => {
    for (const place of document.querySelectorAll("[data-count]")) {
      const value = counts[place.dataset.count];
      if (Number.isInteger(value)) place.textContent = words.format(value);
    }
    const bar = document.querySelector("[data-goal]");
    if (!bar) return;
    bar.value = Math.floor((counts.total * 100) / bar.dataset.goal);
    bar.setAttribute("aria-label", bar.nextElementSibling.textContent);
  };

  const plan = () => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(ask, Math.max(0, asked + PAUSE - Date.now()));
  };

  const stop = () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", plan);
  };

  async function ask() {
    asked = Date.now();
    try {
      const answer = await fetch(page.dataset.counts, { credentials: "omit" });
      if (!answer.ok) return stop();
      show(await answer.json());
      plan();
    } catch {
      stop();
    }
  }

  document.addEventListener("visibilitychange", plan);
  plan();
})();
