// Plays the hits: one clip at a time, from any word, the word that sounds underlined; by mouse and by keyboard.
//
// A hit knows its stretch (data-start, data-end, in seconds). Hits of one .recording share the first one's sound, which
// goes on through them all. A hit that gets "play-from" sounds from that second on, and gets "sounds" with where it is.
(() => {
  if (window.hearsayPlays) return; // the page runs again on every change, its listeners stay
  window.hearsayPlays = true;

  let sounding = { audio: null, until: Infinity };
  let current = null; // the hit that the keyboard is at

  const recordingOf = (element) => element.closest(".recording") ?? element.closest(".hit");
  const soundOf = (hit) => recordingOf(hit).querySelector("audio");
  const hitsOf = (audio) => [...(audio.closest(".recording")?.querySelectorAll(".hit") ?? [audio.closest(".hit")])];
  const startOf = (element) => Number(element.dataset.start ?? 0);
  const endOf = (hit) => Number((!hit.closest(".recording") && hit.dataset.end) || Infinity);
  const begunLast = (elements, time) => elements.findLast((element) => startOf(element) <= time + 0.05);

  const play = (hit, from) => {
    const audio = soundOf(hit);
    if (!audio || audio.error) return;
    current = hit;
    sounding = { audio, until: endOf(hit) };
    audio.currentTime = from;
    audio.play().catch(() => {}); // what went wrong arrives as an error event
  };

  const toggle = (hit) => {
    const audio = soundOf(hit);
    if (!audio) return;
    const time = audio.currentTime;
    const isThere = begunLast(hitsOf(audio), time) === hit && time < endOf(hit) - 0.05 && !audio.ended;
    if (isThere && !audio.paused) audio.pause();
    else play(hit, isThere ? time : startOf(hit));
  };

  // ── where a sound has got to ──
  const show = (audio) => {
    const time = audio.currentTime;
    const hits = hitsOf(audio);
    const hit = audio.paused ? null : (begunLast(hits, time) ?? hits[0]);
    const words = [...recordingOf(audio).querySelectorAll(".word")];
    const word = hit && begunLast(words, time);
    words.forEach((one) => one.classList.toggle("sounds", one === word));
    for (const one of hits) {
      one.querySelector("button.play").ariaPressed = one === hit;
      one.dispatchEvent(new CustomEvent("sounds", { bubbles: true, detail: time }));
    }
  };

  const stopAtEnd = () => sounding.audio.currentTime >= sounding.until && sounding.audio.pause();

  const follow = (audio) => {
    if (audio !== sounding.audio || audio.paused || !audio.isConnected) return;
    stopAtEnd();
    show(audio);
    requestAnimationFrame(() => follow(audio));
  };

  // Media events do not bubble: they are caught on their way down.
  const on = (name, what) =>
    document.addEventListener(name, ({ target }) => target.matches?.(".player audio") && what(target), true);

  const quieten = ({ target }) => document.querySelectorAll("audio").forEach((one) => one !== target && one.pause());
  document.addEventListener("play", quieten, true); // players of other pages' too
  on("play", follow);
  on("pause", show);
  on("timeupdate", (audio) => audio === sounding.audio && stopAtEnd()); // behind another tab nothing is drawn
  on("error", (audio) =>
    hitsOf(audio).forEach((hit) => {
      const button = hit.querySelector("button.play");
      button.disabled = true;
      button.title = "this clip could not be played: its file is gone, or of a kind that this browser cannot play";
      button.textContent = "cannot play";
    }),
  );

  // ── by mouse ──
  document.addEventListener("play-from", ({ target, detail }) => play(target.closest(".hit"), detail));
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("button.play");
    if (button) return toggle(button.closest(".hit"));
    const word = target.closest?.(".word");
    if (!word || !getSelection().isCollapsed) return; // words are there to be copied, too
    reach(word);
    play(word.closest(".hit"), startOf(word));
  });

  // ── by keyboard: n and p from hit to hit, arrows from word to word ──
  const reach = (word) => {
    word.closest(".transcript").querySelectorAll(".word[tabindex]").forEach((one) => one.removeAttribute("tabindex"));
    word.tabIndex = 0;
    word.focus({ preventScroll: true });
  };

  const wordFrom = (word, key) => {
    const words = [...word.closest(".transcript").querySelectorAll(".word")];
    const at = words.indexOf(word);
    return { ArrowRight: words[at + 1], ArrowLeft: words[at - 1], Home: words[0], End: words.at(-1) }[key];
  };

  const move = (step) => {
    const hits = [...document.querySelectorAll(".hit")];
    const hit = hits[hits.indexOf(document.activeElement.closest(".hit") ?? current) + step];
    if (!hit) return;
    const goesOn = sounding.audio?.isConnected && !sounding.audio.paused;
    current = hit;
    hit.tabIndex = -1;
    hit.focus(); // the next Tab reaches what is in it
    if (goesOn) play(hit, startOf(hit));
  };

  // A recording shows the passage that somebody came from, as soon as it is there.
  const reachOpened = () => {
    const opened = document.querySelector(".hit.opened:not(.reached)");
    if (!opened) return;
    opened.classList.add("reached");
    opened.scrollIntoView({ block: "center" });
    current = opened;
  };
  new MutationObserver(reachOpened).observe(document.body, { childList: true, subtree: true });
  reachOpened(); // it may have been there before this script

  const TYPED = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], [role=listbox]";
  const PRESSED = "button, a, summary, input, [role=button], [role=radio], [role=slider], [role=option]";

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches(TYPED)) return;
    const word = target.closest(".word");
    const next = word && wordFrom(word, key);
    const step = { n: 1, j: 1, p: -1, k: -1 }[key];
    if (next) reach(next);
    else if (step) move(step);
    else if (word && key === "Enter") play(word.closest(".hit"), startOf(word));
    else if ((key === " " || key === "Enter") && current?.isConnected && !target.matches(PRESSED)) toggle(current);
    else return;
    event.preventDefault();
  });
})();
