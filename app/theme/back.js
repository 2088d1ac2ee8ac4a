// The way back leads to the page before. Streamlit makes an entry of each change of the address,
// and a page that writes its alert into its own address would be the way back to itself.
if (!window.riskprofileBack) {
  window.riskprofileBack = true;
  const push = history.pushState.bind(history);
  history.pushState = (state, title, url) => {
    const same = new URL(url ?? location, location).pathname === location.pathname;
    same ? history.replaceState(state, title, url) : push(state, title, url);
  };
}
