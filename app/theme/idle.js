// Before a session ends by itself a line says in how many seconds the page locks, and offers to stay.
// How many are left the server says, whenever this page asks it for news; between two answers they
// are counted here, by a clock that nobody sets. What was done in another window is in the next answer.
// Readers hear of it twice: not of every second.
if (!window.riskprofileIdle) {
  window.riskprofileIdle = true;
  const AGAIN = 30; // seconds left, when it is said once more
  let line = null; // what is shown
  let ends = 0; // when, by the clock of this page
  let said = Infinity; // seconds that were left when it was said last
  let ticks = 0;
  let before = null; // what had the focus

  const heard = ({ detail }) => {
    if (detail.left === undefined) return gone();
    ends = performance.now() + 1000 * detail.left;
    if (!line && !show()) return;
    if (line.classList.contains("final") !== detail.final) {
      const focused = line.contains(document.activeElement);
      line.classList.toggle("final", detail.final);
      said = Infinity; // something else
      if (focused) before?.focus(); // its button is gone
    }
    count();
  };

  const show = () => {
    const words = document.querySelector(".rp-idle[hidden]");
    if (!words) return false; // the page is not drawn yet
    line = words.cloneNode(true);
    line.dataset.reactAriaTopLayer = "true"; // a dialog stays open, and lets the focus go to it
    document.body.prepend(line); // where no run of the page draws over it
    line.hidden = false;
    line.addEventListener("mousedown", (event) => event.preventDefault()); // who types goes on there
    line.addEventListener("focusin", ({ relatedTarget }) => (before = relatedTarget));
    line.querySelector("button").addEventListener("click", stay);
    said = Infinity;
    ticks = setInterval(tick, 250);
    return true;
  };

  const gone = () => {
    clearInterval(ticks);
    const focused = line?.contains(document.activeElement);
    line?.remove();
    line = null;
    if (focused) before?.focus();
  };

  const count = () => {
    const left = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    const form = new Intl.PluralRules(document.documentElement.lang).select(left);
    const words = (line.dataset[form] ?? line.dataset.other).replace("{n}", left);
    const timer = line.querySelector("[role=timer]");
    if (timer.textContent !== words) timer.textContent = words;
    return [left, words];
  };

  const tick = () => {
    if (!document.querySelector(".rp-who")) return gone(); // the page has locked
    const [left, words] = count();
    if (said !== Infinity && (left > AGAIN || said <= AGAIN)) return;
    said = left;
    const more = line.querySelector(line.classList.contains("final") ? ".f" : ".i");
    line.querySelector("[role=status]").textContent = `${words} ${more.textContent}`;
  };

  const stay = async () => {
    try {
      const answer = await fetch("/stay", { method: "POST", redirect: "manual", cache: "no-store" });
      if (answer.ok) heard({ detail: await answer.json() });
    } catch {
      // The server is away: `line.js` says so.
    }
  };

  window.addEventListener("riskprofile-news", heard);
}
