// What is typed outlives a closed lid, a crash and a dropped line.
// Streamlit tells the server of a text when its field is left, or by Ctrl+Enter, which moves
// neither focus nor cursor: a pause in typing presses that.
// While the line is away the page says so in its own words. Streamlit would say it in English, in a
// box in front of all.
// A line that was dropped comes back to a server that knows nothing of the page: a dialog on the
// screen would be nobody's. The page is drawn anew, says so, and puts the words back.
// Whose session ended meanwhile gets no line: the address leads to signing in, and back to the page.
// What they typed meanwhile, and no server was told of, waits in this window alone until somebody
// signs in: they find it again, and before anybody else it is removed.
// A page that asks nothing by itself, as the queue does, would show what it showed for as long as
// nobody touches it: it is drawn anew, and locks, when its session ended.
if (!window.riskprofileLine) {
  window.riskprofileLine = true;
  const PAUSE = 2000; // ms without a letter
  const FIELD = ".stTextArea textarea";
  const SHORT = 1000; // ms without a line, of which nothing is said
  const EVERY = 1000; // ms between two questions whether the session holds, without a line
  const LOCKS = 3000; // ms between two such questions of a page that has its line
  const DRAWN = 3; // times, after which a page is left that still shows somebody
  const KEPT = "riskprofile-typed"; // in this window, while its person signs in again

  const press = (target, init) => {
    target.dispatchEvent(new KeyboardEvent("keydown", { ...init, bubbles: true, cancelable: true }));
  };
  const keep = (field) => press(field, { key: "Enter", code: "Enter", ctrlKey: true });
  let typing = 0;
  const strokes = new Map(); // when each field was typed in last, by its name
  window.addEventListener("input", ({ target }) => {
    if (!target.matches(FIELD)) return; // cells of a table are no text of ours
    strokes.set(name(target), Date.now());
    if (target.closest(".stForm")) return; // in a form the same keys would send it
    clearTimeout(typing);
    typing = setTimeout(keep, PAUSE, target);
  }, true);

  const note = () => document.querySelector(".rp-lost[open]");
  const fields = () => document.querySelectorAll(FIELD);
  const name = (field) => /st-key-\S+/.exec(field.closest('[class*="st-key-"]')?.className)?.[0];
  const connected = () => !!document.querySelector('.stApp[data-test-connection-state="CONNECTED"]');
  const who = () => document.querySelector('.rp-who [href="/account"]')?.textContent;
  const typed = new Map(); // what stood in each field when the line dropped, by its name
  let gone = 0; // when it dropped
  let whose; // who typed it: another may have signed in meanwhile, in another window
  let was = connected();
  let asked = false; // whether a dialog was open then
  let asks = false; // whether somebody asks already: a line may drop twice within a second

  const noteDown = () => {
    for (const field of fields()) typed.set(name(field), field.value);
  };

  const part = () => {
    whose = who();
    gone = Date.now();
    noteDown();
  };

  const dropped = () => {
    asked = !!document.querySelector('[data-testid="stDialog"]');
    part();
    ask();
    setTimeout(away, SHORT);
  };

  let notice = null; // what says that it is away
  const away = () => {
    const words = document.querySelector(".rp-away[hidden]");
    if (connected() || notice || !words) return;
    notice = words.cloneNode(true);
    notice.dataset.reactAriaTopLayer = "true"; // a dialog lets it be read
    document.body.prepend(notice); // where no run of the page draws over it
    notice.hidden = false;
  };

  // A dialog of Streamlit's own has no part of a page in it. Closed, it stays away as long as the line.
  const BOX = `body:has([data-test-connection-state="PINGING_SERVER"])
    [data-testid="stDialog"]:not(:has([data-testid="stVerticalBlock"]))`;
  const quiet = () => document.querySelector(BOX)?.querySelector("button").click();

  const ended = async () => {
    try {
      const answer = await fetch("/news", { redirect: "manual", cache: "no-store" });
      if (answer.type === "opaqueredirect") return true;
      if (answer.ok) window.dispatchEvent(new CustomEvent("riskprofile-news", { detail: await answer.json() }));
      return false;
    } catch {
      return false; // the server is away: the page says so
    }
  };

  const ask = async () => {
    if (asks) return;
    asks = true;
    while (!connected()) {
      if (await ended()) return leave();
      await new Promise((again) => setTimeout(again, EVERY));
    }
    asks = false;
  };

  const leave = () => {
    // Browsers may write it to the disk: all that was sent before is read from the server again.
    const unheard = [...typed].filter(([field, text]) => text && strokes.get(field) > gone - PAUSE);
    if (unheard.length) sessionStorage.setItem(KEPT, JSON.stringify([whose, unheard]));
    location.reload();
  };

  const come = () => {
    const [person, words] = JSON.parse(sessionStorage.getItem(KEPT) ?? "[null, []]");
    sessionStorage.removeItem(KEPT);
    whose = person;
    for (const [field, text] of words) typed.set(field, text);
  };

  // Streamlit's own key.
  const draw = () => press(document.body, { key: "r", code: "KeyR", keyCode: 82, which: 82 });

  // A proxy may have ended its own session while ours holds: each drawing would keep that alive.
  let drawn = 0;
  const lock = async () => {
    const still = () => who() && connected() && !document.querySelector('[class*="st-key-news-"]');
    if (!still()) return;
    const out = await ended();
    if (!out) drawn = 0;
    if (!out || !still()) return;
    drawn += 1;
    if (drawn <= DRAWN) return draw();
    part();
    leave();
  };
  setInterval(lock, LOCKS);

  const back = () => {
    notice?.remove();
    notice = null;
    draw();
    if (asked && !note()) tell();
  };

  const tell = () => {
    const shown = document.querySelector(".rp-lost").cloneNode(true);
    document.body.append(shown); // where no run of the page draws over it
    shown.querySelector("button").addEventListener("click", () => shown.close());
    shown.addEventListener("close", () => shown.remove());
    shown.showModal();
    shown.focus(); // not its button: who types on would press it unseen
  };

  const restore = () => {
    const now = who();
    if (now && now !== whose) typed.clear();
    if (!now) return; // the page is not drawn yet
    for (const field of fields()) {
      const text = typed.get(name(field));
      if (!text || text === field.value) continue;
      const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value");
      set.call(field, text);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };

  // From the first thing done with a field that has its words again, it is the person's own.
  const taken = ({ isTrusted }) => {
    if (!isTrusted || !typed.size || note()) return;
    if (!connected()) return noteDown(); // nobody has heard of it yet
    for (const field of fields()) typed.delete(name(field));
  };
  window.addEventListener("input", taken, true);
  window.addEventListener("click", taken, true);

  come();
  new MutationObserver(() => {
    const now = connected();
    if (was && !now) dropped();
    if (now && !was) back();
    was = now;
    if (notice) quiet();
    if (now && typed.size) restore();
  }).observe(document.body, {
    subtree: true,
    childList: true,
    attributeFilter: ["data-test-connection-state", "data-test-script-state"],
  });
}
