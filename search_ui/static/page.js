// Follows links and completes words without a new page; keeps searches.
(() => {
  if (window.hearsayLinks) return; // the page runs again on every change, its listeners stay
  window.hearsayLinks = true;

  document.addEventListener("click", ({ target }) => {
    if (target.closest?.(".stPagination button")) document.querySelector(".stMain").scrollTo({ top: 0 });
  });

  // ── going back fast: the answer for a page that was left meanwhile would become a step of its own, and end going on ──
  const push = history.pushState.bind(history);
  history.pushState = (state, title, url) => {
    if (new URL(url, location.href).pathname === location.pathname) push(state, title, url);
  };

  // ── links to other searches and pages: as going back does, without loading the page anew ──
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.go");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    push({}, "", link.pathname + link.search);
    dispatchEvent(new PopStateEvent("popstate"));
    document.querySelector(".stMain").scrollTo({ top: 0 });
  });

  // ── completions of the word that is being typed ──
  const offers = document.body.appendChild(document.createElement("datalist"));
  offers.id = "completions";
  let waiting;

  const offer = async (box) => {
    const typed = box.value;
    const answer = await fetch(`completions?q=${encodeURIComponent(typed)}`).catch(() => null);
    const texts = answer?.ok ? await answer.json() : [];
    if (box.value !== typed) return; // more was typed meanwhile, and is asked for in its turn
    offers.replaceChildren(...texts.map((text) => Object.assign(document.createElement("option"), { value: text })));
  };

  document.addEventListener("input", ({ target }) => {
    if (!target.matches?.(".st-key-words input")) return;
    target.setAttribute("list", offers.id);
    clearTimeout(waiting);
    waiting = setTimeout(offer, 150, target);
  });

  // ── searches that are kept, in this browser alone: their addresses by their names ──
  const SAVED = "hearsay-saved";
  const saved = () => {
    try {
      return Object.entries(JSON.parse(localStorage.getItem(SAVED)) ?? {});
    } catch {
      return []; // somebody else wrote there
    }
  };
  const keep = (searches) => localStorage.setItem(SAVED, JSON.stringify(Object.fromEntries(searches)));
  const part = ([name, value]) => (["like", "same"].includes(name) ? `${name} ${value}` : value);
  const named = (search) => [...new URLSearchParams(search)].map(part).join(" · ") || "everything";

  const item = ([name, search]) => {
    const link = Object.assign(document.createElement("a"), { className: "go", href: search || "?", textContent: name });
    const remove = Object.assign(document.createElement("button"), { type: "button", className: "forget", textContent: "×" });
    remove.setAttribute("aria-label", `forget ${name}`);
    remove.dataset.name = name;
    const row = document.createElement("li");
    row.append(link, remove);
    return row;
  };
  const list = () => {
    const rows = saved().map(item);
    const none = Object.assign(document.createElement("li"), { textContent: "no search is saved yet" });
    document.querySelectorAll(".saved ul").forEach((ul) => ul.replaceChildren(...(rows.length ? rows : [none])));
  };
  const say = (button, word) => {
    button.dataset.name ??= button.textContent; // a second click comes while the first is still answered
    button.textContent = word;
    setTimeout(() => (button.textContent = button.dataset.name), 1500);
  };

  const copy = (button, text) => {
    if (!navigator.clipboard) return prompt("To be copied", text); // pages without https have none
    navigator.clipboard.writeText(text).then(() => say(button, "copied"), () => say(button, "not allowed"));
  };

  document.addEventListener("toggle", ({ target }) => target.matches?.(".saved[open]") && list(), true);

  // ── the search as a query, fetched when somebody looks at it; menus close when one looks elsewhere ──
  const fetched = async (query) => {
    const answer = await fetch(query.dataset.address).catch(() => null);
    query.querySelector("pre").textContent = answer ? await answer.text() : "the page does not answer";
  };
  document.addEventListener("toggle", ({ target }) => target.matches?.(".query[open]") && fetched(target), true);

  const close = (elsewhere) =>
    document.querySelectorAll("details:is(.saved, .order, .export)[open]").forEach((menu) => elsewhere(menu) && (menu.open = false));
  document.addEventListener("click", ({ target }) => close((menu) => target.isConnected && !menu.contains(target)));
  document.addEventListener("keydown", ({ key }) => key === "Escape" && close(() => true));

  document.addEventListener("click", ({ target }) => {
    if (target.matches?.("button.share")) {
      copy(target, location.href);
    } else if (target.matches?.(".query button.copy")) {
      copy(target, target.nextElementSibling.textContent);
    } else if (target.matches?.("button.save")) {
      keep([...saved(), [named(location.search), location.search]]);
      list();
      say(target, "saved");
    } else if (target.matches?.("button.forget")) {
      keep(saved().filter(([name]) => name !== target.dataset.name));
      list();
    }
  });
})();
