// Shows the spectrogram of a result: the server's image, the words on its time line, and a cursor.
(() => {
  if (window.hearsaySpectrograms) return; // Streamlit runs this again on every change; the listeners stay
  window.hearsaySpectrograms = true;

  const PIXELS = 90; // per second, at least; longer spectrograms scroll
  const STEP = 1; // seconds per arrow key

  const make = (tag, className, more = {}) => Object.assign(document.createElement(tag), { className, ...more });
  const clock = (time) => `${Math.floor(time / 60)}:${String(Math.floor(time % 60)).padStart(2, "0")}`;

  /** Labels on the time line from `from` to `to`, in seconds. */
  const labelled = (strip, from, to, labels) =>
    labels
      .filter(([time]) => time >= from && time < to - 0.2) // a label at the end would be cut off
      .map(([time, textContent, className]) => {
        const label = make("span", className, { textContent });
        label.style.left = `${((time - from) / (to - from)) * 100}%`;
        return label;
      })
      .forEach((label) => strip.append(label));

  const wordsOf = (hit) =>
    [...hit.querySelectorAll(".word")].map(({ dataset, textContent }, at) => [
      Number(dataset.start),
      textContent,
      `said row-${at % 2}`, // in two alternating rows, so that short words do not overlap
    ]);

  const secondsOf = (from, to) => {
    const first = Math.ceil(from);
    return Array.from({ length: Math.ceil(to) - first }, (_, at) => [first + at, clock(first + at), "second"]);
  };

  const picture = (hit, address, from, to) => {
    const strip = make("div", "strip", { tabIndex: 0, role: "slider", ariaLabel: "Position in the audio" });
    Object.assign(strip.dataset, { from, to });
    strip.style.minWidth = `${(to - from) * PIXELS}px`;
    strip.ariaValueMin = from;
    strip.ariaValueMax = to;
    const mask = make("div", "mask");
    mask.style.maskImage = `url("${address}")`;
    strip.append(mask, make("i", "cursor"));
    labelled(strip, from, to, [...wordsOf(hit), ...secondsOf(from, to)]);
    point(strip, from);
    const shown = make("div", "picture");
    shown.append(strip);
    return shown;
  };

  /** Move the cursor to the playback position; it stays at an end if the position is outside the image. */
  const point = (strip, time) => {
    const [from, to] = [Number(strip.dataset.from), Number(strip.dataset.to)];
    const at = Math.min(Math.max(time, from), to);
    strip.style.setProperty("--at", `${((at - from) / (to - from)) * 100}%`);
    strip.ariaValueNow = at.toFixed(1);
    strip.ariaValueText = `${at.toFixed(1)} seconds`;
    const shown = strip.parentElement;
    const x = ((at - from) / (to - from)) * strip.clientWidth;
    if (at === time && (x < shown?.scrollLeft || x > shown?.scrollLeft + shown?.clientWidth)) shown.scrollLeft = x - 20;
  };

  /** The spectrogram as an element, or the server's message if there is none. */
  const drawn = async (hit, address) => {
    const answer = await fetch(address).catch(() => null);
    if (answer?.ok) return picture(hit, address, ...answer.headers.get("Hearsay-Stretch").split(" ").map(Number));
    const hasReason = answer && answer.status !== 500;
    return make("p", "none", { textContent: hasReason ? await answer.text() : "The spectrogram is not available; the page's log says why." });
  };

  const toggle = async (button) => {
    const hit = button.closest(".hit");
    const isOpen = button.ariaExpanded === "true";
    button.ariaExpanded = !isOpen;
    if (isOpen) return hit.querySelector(".shown").remove();
    const shown = hit.appendChild(make("div", "shown", { role: "status" }));
    shown.replaceChildren(await drawn(hit, button.dataset.picture));
  };

  document.addEventListener("position", ({ target, detail }) => {
    const strip = target.querySelector(".strip");
    if (strip) point(strip, detail);
  });

  const seek = (strip, time) => {
    const detail = Math.max(time, Number(strip.dataset.from));
    strip.dispatchEvent(new CustomEvent("play-from", { bubbles: true, detail }));
  };

  document.addEventListener("click", ({ target, clientX }) => {
    const button = target.closest?.("button.spectrogram");
    if (button) return toggle(button);
    const strip = target.closest?.(".strip");
    if (!strip) return;
    const { left, width } = strip.getBoundingClientRect();
    const [from, to] = [Number(strip.dataset.from), Number(strip.dataset.to)];
    seek(strip, from + ((clientX - left) / width) * (to - from));
  });
  document.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (!step || !event.target.matches(".strip")) return;
    event.preventDefault();
    seek(event.target, Number(event.target.ariaValueNow) + step);
  });
})();
