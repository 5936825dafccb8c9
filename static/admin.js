/* The queue by keyboard: every key presses a button that is on the page, and the next one comes by itself. */
"use strict";
(() => {
  const desk = document.getElementById("desk");
  const list = document.getElementById("items");
  if (!desk || !list || !window.fetch) return;
  const outcome = document.getElementById("outcome");
  const undoButton = document.getElementById("undo");
  const keys = document.getElementById("keys");
  const shortcuts = document.getElementById("shortcuts");
  const made = []; // the decisions made on this page, the last one at the end
  let busy = false;

  // A browser may forbid its storage; then the choice lasts as long as the page.
  const memory = {
    get(name) { try { return sessionStorage.getItem(`queue.${name}`); } catch { return null; } },
    set(name, value) { try { sessionStorage.setItem(`queue.${name}`, value); } catch { /* see above */ } },
    drop(name) { try { sessionStorage.removeItem(`queue.${name}`); } catch { /* see above */ } },
  };

  const items = () => [...list.querySelectorAll(":scope > .item")];
  const current = () => document.activeElement?.closest?.("#items > .item") || null;
  const nameOf = (item) => item.querySelector("h2").textContent.trim();

  /* Names go both ways: each is kept apart from the sentence about it. */
  function say(words, item) {
    const name = document.createElement("bdi");
    name.textContent = item ? nameOf(item) : "";
    outcome.replaceChildren(...(item ? [name, ": "] : []), words);
  }

  function focus(item) {
    (item || document.querySelector("h1")).focus();
  }

  function step(by) {
    const all = items();
    const at = all.indexOf(current());
    const next = at < 0 ? all[by > 0 ? 0 : all.length - 1] : all[at + by];
    if (next) focus(next); else if (all.length) say(desk.dataset.last);
  }

  /* Sends a form as its button would: [status, what the platform says]; raises when that is no answer of ours. */
  async function send(action, fields) {
    const answer = await fetch(action, {
      method: "POST", body: fields, headers: { Accept: "application/json" }, credentials: "same-origin", redirect: "manual",
    });
    if (!(answer.headers.get("Content-Type") || "").startsWith("application/json")) throw new Error("not ours");
    return [answer.status, await answer.json()];
  }

  function fieldsOf(form, more) {
    const fields = new URLSearchParams(new FormData(form));
    for (const [name, value] of Object.entries(more)) fields.set(name, value);
    return fields;
  }

  /* What the browser does without this script. */
  function plainly(form, more) {
    for (const [name, value] of Object.entries(more)) {
      const input = document.createElement("input");
      Object.assign(input, { type: "hidden", name, value });
      form.append(input);
    }
    form.submit();
  }

  async function decide(item, more) {
    const form = item.querySelector("form.decide");
    if (busy || !form || item.classList.contains("gone")) return;
    busy = true;
    try {
      const [status, said] = await send(form.getAttribute("action"), fieldsOf(form, more));
      if (status === 200) settle(item, form, said);
      else if (status === 409) clash(item, said.error.message);
      else if (status === 422) complain(item, said.error.message);
      else plainly(form, more);
    } catch {
      plainly(form, more);
    } finally {
      busy = false;
    }
  }

  function settle(item, form, said) {
    const all = items();
    const at = all.indexOf(item);
    made.push({ item, before: all[at + 1] || null, form, action: form.getAttribute("action"), seen: said.seen });
    memory.set("last", JSON.stringify({ action: form.getAttribute("action"), seen: said.seen }));
    const next = all[at + 1] || all[at - 1];
    shut(item);
    item.remove();
    say(said.message, item);
    document.getElementById("waiting").textContent = said.lead;
    undoButton.hidden = false;
    if (next) focus(next);
    else { memory.set("said", said.message); location.assign(desk.dataset.again); }
  }

  function clash(item, words) {
    item.classList.add("gone");
    const note = document.createElement("p");
    note.className = "fault";
    const link = document.createElement("a");
    link.href = item.querySelector("a.open").href;
    link.textContent = desk.dataset.look;
    note.append(`${words} `, link);
    item.querySelector(".hand").replaceChildren(note);
    say(words, item);
    focus(item);
  }

  function complain(item, words) {
    let note = item.querySelector("form.decide .fault");
    if (!note) {
      note = document.createElement("p");
      note.className = "fault";
      item.querySelector("form.decide").append(note);
    }
    note.textContent = words;
    say(words);
    open(item, "reject");
  }

  async function undo() {
    const last = made[made.length - 1] || JSON.parse(memory.get("last") || "null");
    if (busy) return;
    if (!last) { say(desk.dataset.nothing); return; }
    busy = true;
    const fields = new URLSearchParams({ csrf_token: desk.dataset.csrf, decision: "restore", seen: last.seen, from: "queue" });
    try {
      const [status, said] = await send(last.action, fields);
      made.pop();
      memory.drop("last");
      undoButton.hidden = !made.length;
      if (status !== 200) { say(said.error.message); return; }
      if (!last.item) { memory.set("said", desk.dataset.undone); location.assign(desk.dataset.again); return; }
      last.form.elements.seen.value = said.seen;
      list.insertBefore(last.item, last.before && last.before.parentNode === list ? last.before : null);
      document.getElementById("waiting").textContent = said.lead;
      say(desk.dataset.undone, last.item);
      focus(last.item);
    } catch {
      location.assign(last.action.replace(/\/decision$/, "")); // the signature's own page has the button
    } finally {
      busy = false;
    }
  }

  function open(item, what) {
    const details = item.querySelector(`details.${what}`);
    if (!details) return;
    details.open = true;
    if (what === "reject") {
      const ready = document.getElementById(`ready-${item.dataset.team}`);
      details.querySelector("summary").after(ready);
      ready.hidden = false;
      ready.querySelector("button").focus();
    } else details.querySelector("textarea").focus();
  }

  function shut(item) {
    const ready = item.querySelector(".ready");
    if (ready) { ready.hidden = true; list.before(ready); }
    for (const each of item.querySelectorAll("details[open]")) each.open = false;
  }

  function pick(item, number) {
    const choices = item.querySelectorAll(".ready:not([hidden]) button");
    if (choices[number - 1]) decide(item, { decision: "reject", template: choices[number - 1].dataset.template });
  }

  const press = (item, decision) => {
    if (item?.querySelector(`button[name="decision"][value="${decision}"]`)) decide(item, { decision });
  };

  const commands = {
    j: () => step(1), k: () => step(-1), ArrowDown: () => step(1), ArrowUp: () => step(-1),
    a: (item) => press(item, "approve"), h: (item) => press(item, "hold"),
    r: (item) => item && open(item, "reject"), n: (item) => item && open(item, "note"), u: () => undo(),
    o: (item) => item && location.assign(item.querySelector("a.open").href),
    "?": () => { keys.open = !keys.open; if (keys.open) keys.querySelector("summary").focus(); },
  };

  /* The key's letter on any keyboard: under an Armenian or Arabic layout the key's place says which one is meant. */
  function keyOf(event) {
    const foreign = event.key.length === 1 && event.key.charCodeAt(0) > 127;
    const place = /^(?:Key|Digit)(.)$/.exec(event.code || "");
    return foreign && place ? place[1].toLowerCase() : event.key;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.defaultPrevented) return;
    const item = current();
    if (event.key === "Escape" && item) { shut(item); focus(item); return; }
    if (!shortcuts.checked || event.target.closest("input, select, textarea, [contenteditable]")) return;
    const key = keyOf(event);
    const digit = /^[1-9]$/.test(key) ? Number(key) : 0;
    const command = digit ? () => item && pick(item, digit) : Object.hasOwn(commands, key) ? commands[key] : null;
    if (!command) return;
    event.preventDefault();
    // A key that is held down moves on, but never decides about a second one.
    if (!event.repeat || /^(?:j|k|Arrow)/.test(key)) command(item);
  });

  list.addEventListener("submit", (event) => {
    const form = event.target;
    const item = form.closest(".item");
    event.preventDefault();
    if (form.matches(".decide")) decide(item, event.submitter?.name ? { [event.submitter.name]: event.submitter.value } : {});
    else note(item, form);
  });

  async function note(item, form) {
    try {
      const [status, said] = await send(form.getAttribute("action"), fieldsOf(form, {}));
      say(status === 200 ? said.message : said.error.message);
      if (status !== 200) return;
      form.reset();
      shut(item);
      focus(item);
    } catch {
      form.submit();
    }
  }

  document.addEventListener("click", (event) => {
    const choice = event.target.closest(".ready button");
    if (choice) decide(choice.closest(".item"), { decision: "reject", template: choice.dataset.template });
  });
  list.addEventListener("toggle", (event) => {
    if (event.target.matches("details.reject") && event.target.open && !event.target.querySelector(".ready")) open(event.target.closest(".item"), "reject");
  }, true);
  undoButton.addEventListener("click", undo);
  shortcuts.addEventListener("change", () => memory.set("shortcuts", shortcuts.checked ? "on" : "off"));

  shortcuts.checked = memory.get("shortcuts") !== "off";
  keys.hidden = false;
  document.getElementById("no-script").hidden = true;
  document.querySelector("h1").tabIndex = -1;
  undoButton.hidden = !memory.get("last");
  const said = memory.get("said");
  if (said) { // the page before this one ended with a decision
    memory.drop("said");
    say(said);
    focus(items()[0]);
  }
})();
