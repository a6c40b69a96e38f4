// Folds the groups of filters at phone width, where all of them are longer than the screen (style.css hides the values).
(() => {
  if (window.hearsayFolds) return; // the page runs again on every change, its listeners stay
  window.hearsayFolds = true;

  const unfolded = new Set(); // by their names, since Streamlit draws a group anew now and then

  const addFold = (group) => {
    const name = group.querySelector("[role=toolbar]").ariaLabel;
    const button = Object.assign(document.createElement("button"), { type: "button", className: "fold" });
    button.ariaLabel = `Values of ${name.toLowerCase()}`;
    button.dataset.name = name;
    button.ariaExpanded = unfolded.has(name);
    group.prepend(button);
  };

  const addFolds = () =>
    document.querySelectorAll(".st-key-facets .stButtonGroup:not(:has(> .fold)):has([role=toolbar])").forEach(addFold);
  new MutationObserver(addFolds).observe(document.body, { childList: true, subtree: true });
  addFolds(); // the groups may have been there before this script

  document.addEventListener("click", ({ target }) => {
    if (!target.matches?.("button.fold")) return;
    const { name } = target.dataset;
    if (!unfolded.delete(name)) unfolded.add(name);
    target.ariaExpanded = unfolded.has(name);
  });
})();
