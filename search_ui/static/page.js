// Navigation without a page load, completions, and saved searches.
(() => {
  if (window.hearsayLinks) return; // Streamlit runs this again on every change; the listeners stay
  window.hearsayLinks = true;

  document.addEventListener("click", ({ target }) => {
    if (target.closest?.(".stPagination button")) document.querySelector(".stMain").scrollTo({ top: 0 });
  });

  // ── fast Back: Streamlit's late reply for a page that was left would add a history entry and discard the forward ones ──
  const push = history.pushState.bind(history);
  history.pushState = (state, title, url) => {
    if (new URL(url, location.href).pathname === location.pathname) push(state, title, url);
  };

  // ── links to other searches and pages work like Back: without a page load ──
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.go");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    push({}, "", link.pathname + link.search);
    dispatchEvent(new PopStateEvent("popstate"));
    document.querySelector(".stMain").scrollTo({ top: 0 });
  });

  // ── a new connection may be to a new session, which ignores the first change, because it knows no widget yet: run the
  // script first, and hold until then what is typed and clicked ──
  const app = document.querySelector(".stApp");
  const box = () => document.querySelector(".st-key-words input");
  const isConnected = () => app.dataset.testConnectionState === "CONNECTED";
  const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
  let wasConnected = isConnected();
  let first; // the first run of a connection: the text in the box, and what was clicked or entered

  const release = ({ typed, act }) => {
    first = undefined;
    const input = box();
    if (input && typed !== undefined && input.value !== typed) {
      set.call(input, typed); // past React, which would not notice an assignment
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }
    act?.();
  };
  new MutationObserver(() => {
    if (isConnected() && !wasConnected) {
      const started = (first = { typed: box()?.value });
      setTimeout(() => first === started && release(started), 10000); // if the script does not run, whatever the reason
      dispatchEvent(new PopStateEvent("popstate"));
    }
    wasConnected = isConnected();
    const isRunning = app.dataset.testScriptState === "running";
    if (first && isRunning) first.ran = true;
    else if (first?.ran) release(first);
  }).observe(app, { attributes: true, attributeFilter: ["data-test-connection-state", "data-test-script-state"] });

  const hold = (event, act) => {
    if (!first || !event.isTrusted) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    first.act = act;
  };
  addEventListener("click", (event) => hold(event, () => event.target.closest("button, a, label, input")?.click()), true);
  addEventListener("keydown", (event) => event.key === "Enter" && hold(event, () => event.target.blur()), true); // enters it
  addEventListener("input", ({ target }) => first && target === box() && (first.typed = target.value), true);

  // ── completions of the word that is being typed ──
  const offers = document.body.appendChild(document.createElement("datalist"));
  offers.id = "completions";
  let waiting;

  const offer = async (box) => {
    const typed = box.value;
    const answer = await fetch(`completions?q=${encodeURIComponent(typed)}`).catch(() => null);
    const texts = answer?.ok ? await answer.json() : [];
    if (box.value !== typed) return; // more was typed in the meantime, which is another request
    offers.replaceChildren(...texts.map((text) => Object.assign(document.createElement("option"), { value: text })));
  };

  document.addEventListener("input", ({ target }) => {
    if (!target.matches?.(".st-key-words input")) return;
    target.setAttribute("list", offers.id);
    clearTimeout(waiting);
    waiting = setTimeout(offer, 150, target);
  });

  // ── saved searches: their addresses, in this browser only; earlier versions kept them by name ──
  const SAVED = "hearsay-saved";
  const saved = () => {
    try {
      return [...new Set(Object.values(JSON.parse(localStorage.getItem(SAVED)) ?? []))];
    } catch {
      return []; // not written by this script
    }
  };
  const keep = (searches) => localStorage.setItem(SAVED, JSON.stringify([...new Set(searches)]));
  const part = ([name, value]) => (["like", "same", "possible"].includes(name) ? `${name} ${value}` : value);
  const named = (search) => [...new URLSearchParams(search)].map(part).join(" · ") || "all clips";
  const inFull = (search) => [...new URLSearchParams(search)].map(([name, value]) => `${name} “${value}”`).join(" · ");

  const item = (search, _, all) => {
    const isClear = all.filter((other) => named(other) === named(search)).length === 1;
    const name = isClear ? named(search) : inFull(search);
    const link = Object.assign(document.createElement("a"), { className: "go", href: search || "?", textContent: name });
    const remove = Object.assign(document.createElement("button"), { type: "button", className: "delete", textContent: "×" });
    remove.setAttribute("aria-label", `Delete ${name}`);
    remove.dataset.search = search;
    const row = document.createElement("li");
    row.append(link, remove);
    return row;
  };
  const list = () => {
    const rows = saved().map(item);
    const none = Object.assign(document.createElement("li"), { textContent: "No saved searches" });
    document.querySelectorAll(".saved ul").forEach((ul) => ul.replaceChildren(...(rows.length ? rows : [none])));
  };
  const say = (button, word) => {
    button.dataset.name ??= button.textContent; // a second click may come while the button still shows the result of the first
    button.textContent = word;
    setTimeout(() => (button.textContent = button.dataset.name), 1500);
  };

  const copy = (button, text) => {
    if (!navigator.clipboard) return prompt("Copy this text:", text); // needs https or localhost
    navigator.clipboard.writeText(text).then(() => say(button, "Copied"), () => say(button, "Not allowed"));
  };

  document.addEventListener("toggle", ({ target }) => target.matches?.(".saved[open]") && list(), true);

  // ── the search as a query, fetched when it is opened; menus close on a click outside and on Escape ──
  const fetched = async (query) => {
    const answer = await fetch(query.dataset.address).catch(() => null);
    query.querySelector("pre").textContent = answer ? await answer.text() : "The page does not respond.";
  };
  document.addEventListener("toggle", ({ target }) => target.matches?.(".query[open]") && fetched(target), true);

  const close = (applies) =>
    document.querySelectorAll("details:is(.saved, .order, .export)[open]").forEach((menu) => applies(menu) && (menu.open = false));
  document.addEventListener("click", ({ target }) => close((menu) => target.isConnected && !menu.contains(target)));
  document.addEventListener("keydown", ({ key }) => key === "Escape" && close(() => true));

  document.addEventListener("click", ({ target }) => {
    if (target.matches?.("button.share")) {
      copy(target, location.href);
    } else if (target.matches?.(".query button.copy")) {
      copy(target, target.nextElementSibling.textContent);
    } else if (target.matches?.("button.save")) {
      keep([...saved(), location.search]);
      list();
      say(target, "Saved");
    } else if (target.matches?.("button.delete")) {
      keep(saved().filter((search) => search !== target.dataset.search));
      list();
    }
  });
})();
