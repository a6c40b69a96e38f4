// Plays the hits, one clip at a time, and begins a new page of them at its top.
(() => {
  if (window.hearsayPlays) return; // the page runs again on every change, its listeners stay
  window.hearsayPlays = true;

  const buttonOf = (audio) => audio.parentElement.querySelector("button.play");

  const isOver = (audio) => {
    const end = Number(audio.src.split(",").at(-1)); // ADDRESS#t=START,END
    return audio.ended || (audio.src.includes("#t=") && audio.currentTime >= end - 0.05);
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest?.(".stPagination button")) document.querySelector(".stMain").scrollTo({ top: 0 });
    const button = event.target.closest?.("button.play");
    if (!button) return;
    const audio = button.parentElement.querySelector("audio");
    if (!audio.paused) return audio.pause();
    if (isOver(audio)) audio.currentTime = Number(audio.dataset.start);
    audio.play().catch(() => {}); // what went wrong arrives as an error event
  });

  // Media events do not bubble: they are caught on their way down.
  const on = (name, what) =>
    document.addEventListener(name, ({ target }) => target.matches?.(".player audio") && what(target), true);

  on("play", (audio) => {
    document.querySelectorAll(".player audio").forEach((other) => other !== audio && other.pause());
    buttonOf(audio).setAttribute("aria-pressed", "true");
  });
  on("pause", (audio) => buttonOf(audio).setAttribute("aria-pressed", "false"));
  on("error", (audio) => {
    const button = buttonOf(audio);
    button.disabled = true;
    button.title = "this clip could not be played: its file is gone, or of a kind that this browser cannot play";
    button.textContent = "cannot play";
  });
})();
