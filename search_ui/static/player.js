// Plays the results: one clip at a time, from any word, with the current word underlined; by mouse and keyboard.
//
// data-start and data-end are the start and end of a result, in seconds. The results in a .recording share the audio
// element of the first one, which plays through all of them. The event "play-from" starts playback at a second, and
// "position" reports the current one.
(() => {
  if (window.hearsayPlays) return; // Streamlit runs this again on every change; the listeners stay
  window.hearsayPlays = true;

  let playing = { audio: null, until: Infinity };
  let current = null; // the result that has the keyboard

  const recordingOf = (element) => element.closest(".recording") ?? element.closest(".hit");
  const audioOf = (hit) => recordingOf(hit).querySelector("audio");
  const hitsOf = (audio) => [...(audio.closest(".recording")?.querySelectorAll(".hit") ?? [audio.closest(".hit")])];
  const startOf = (element) => Number(element.dataset.start ?? 0);
  const endOf = (hit) => Number((!hit.closest(".recording") && hit.dataset.end) || Infinity);
  const begunLast = (elements, time) => elements.findLast((element) => startOf(element) <= time + 0.05);

  const play = (hit, from) => {
    const audio = audioOf(hit);
    if (!audio || audio.error) return;
    current = hit;
    playing = { audio, until: endOf(hit) };
    audio.currentTime = from;
    audio.play().catch(() => {}); // errors arrive as events
  };

  const toggle = (hit) => {
    const audio = audioOf(hit);
    if (!audio) return;
    const time = audio.currentTime;
    const isThere = begunLast(hitsOf(audio), time) === hit && time < endOf(hit) - 0.05 && !audio.ended;
    if (isThere && !audio.paused) audio.pause();
    else play(hit, isThere ? time : startOf(hit));
  };

  // ── the playback position ──
  const show = (audio) => {
    const time = audio.currentTime;
    const hits = hitsOf(audio);
    const hit = audio.paused ? null : (begunLast(hits, time) ?? hits[0]);
    const words = [...recordingOf(audio).querySelectorAll(".word")];
    const word = hit && begunLast(words, time);
    words.forEach((one) => one.classList.toggle("playing", one === word));
    for (const one of hits) {
      one.querySelector("button.play").ariaPressed = one === hit;
      one.dispatchEvent(new CustomEvent("position", { bubbles: true, detail: time }));
    }
  };

  const stopAtEnd = () => playing.audio.currentTime >= playing.until && playing.audio.pause();

  const follow = (audio) => {
    if (audio !== playing.audio || audio.paused || !audio.isConnected) return;
    stopAtEnd();
    show(audio);
    requestAnimationFrame(() => follow(audio));
  };

  // Media events do not bubble: they are handled in the capture phase.
  const on = (name, what) =>
    document.addEventListener(name, ({ target }) => target.matches?.(".player audio") && what(target), true);

  const pauseOthers = ({ target }) => document.querySelectorAll("audio").forEach((one) => one !== target && one.pause());
  document.addEventListener("play", pauseOthers, true); // also for the players of the Transcribe page
  on("play", follow);
  on("pause", show);
  on("timeupdate", (audio) => audio === playing.audio && stopAtEnd()); // no animation frames in a background tab
  on("error", (audio) =>
    hitsOf(audio).forEach((hit) => {
      const button = hit.querySelector("button.play");
      button.disabled = true;
      button.title = "The file is missing, or this browser does not support its format";
      button.textContent = "cannot play";
    }),
  );

  // ── mouse ──
  document.addEventListener("play-from", ({ target, detail }) => play(target.closest(".hit"), detail));
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("button.play");
    if (button) return toggle(button.closest(".hit"));
    const word = target.closest?.(".word");
    if (!word || !getSelection().isCollapsed) return; // selecting text does not play
    reach(word);
    play(word.closest(".hit"), startOf(word));
  });

  // ── keyboard: n and p for results, arrows for words ──
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
    const continues = playing.audio?.isConnected && !playing.audio.paused;
    current = hit;
    hit.tabIndex = -1;
    hit.focus(); // the next Tab key goes to its first control
    if (continues) play(hit, startOf(hit));
  };

  // A recording scrolls to the passage that was found, as soon as it is in the document.
  const reachOpened = () => {
    const opened = document.querySelector(".hit.opened:not(.reached)");
    if (!opened) return;
    opened.classList.add("reached");
    opened.scrollIntoView({ block: "center" });
    current = opened;
  };
  new MutationObserver(reachOpened).observe(document.body, { childList: true, subtree: true });
  reachOpened(); // a passage that existed before this script

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
