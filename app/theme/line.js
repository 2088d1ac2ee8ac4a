// What is typed outlives a closed lid, a crash and a dropped line.
// Streamlit tells the server of a text when its field is left, or by Ctrl+Enter, which moves
// neither focus nor cursor: a pause in typing presses that.
if (!window.riskprofileLine) {
  window.riskprofileLine = true;
  const PAUSE = 2000; // ms without a letter

  let typing = 0;
  const keep = (field) => {
    const init = { key: "Enter", code: "Enter", ctrlKey: true, bubbles: true, cancelable: true };
    field.dispatchEvent(new KeyboardEvent("keydown", init));
  };
  window.addEventListener("input", ({ target }) => {
    // In a form the same keys would send it; and cells of a table are no text of ours.
    if (!target.closest(".stTextArea") || target.closest(".stForm")) return;
    clearTimeout(typing);
    typing = setTimeout(keep, PAUSE, target);
  }, true);
}
