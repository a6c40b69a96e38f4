// Makes the groups of filters collapsible on phones (style.css hides the values).
(() => {
  if (window.hearsayFolds) return; // Streamlit runs this again on every change; the listeners stay
  window.hearsayFolds = true;

  const unfolded = new Set(); // by name, because Streamlit replaces the elements from time to time

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
  addFolds(); // groups that existed before this script

  document.addEventListener("click", ({ target }) => {
    if (!target.matches?.("button.fold")) return;
    const { name } = target.dataset;
    if (!unfolded.delete(name)) unfolded.add(name);
    target.ariaExpanded = unfolded.has(name);
  });
})();
