// Letters typed while a list has the focus reach the page's shortcuts: the grid would keep them.
if (!window.riskprofileKeys) {
  window.riskprofileKeys = true;
  window.addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && event.isTrusted;
    if (!plain || !/^[a-z]$/i.test(event.key) || !(event.target instanceof Element)) return;
    if (!event.target.closest('[class*="st-key-list-"]')) return;
    event.stopImmediatePropagation();
    const { key, code, keyCode } = event;
    const init = { key, code, keyCode, which: keyCode, bubbles: true };
    document.body.dispatchEvent(new KeyboardEvent("keydown", init));
    document.body.dispatchEvent(new KeyboardEvent("keyup", init));
  }, true);
}
