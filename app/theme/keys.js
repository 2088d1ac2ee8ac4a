// Letters are the shortcuts of the page's buttons. Six things are added to what Streamlit does.
// Tab comes to a list and opens nothing: the grid would take its first cell, as a click does.
// Letters typed while a list has the focus reach the shortcuts: the grid would keep them.
// Arrows in the list of alerts after a click beside it step as N and P: the grid would take none.
// Letters typed while the page is drawn anew wait until it stands. A button is then one of the
// page before or of the page to come: a step would be lost, and a decision fall on the wrong alert.
// Where an alert stands below its list, as on a telephone, the page goes to what is opened, and back.
// A second click on a cell of a list opens nothing: the grid would lay it, cut, over its neighbours.
if (!window.riskprofileKeys) {
  window.riskprofileKeys = true;
  const QUIET = 100; // ms that the page stands before it counts as drawn: runs follow each other
  const CLICK = 500; // ms within which a click has led to a run, if it leads to one
  const PATIENCE = 5000; // ms after which a letter is forgotten
  const MOST = 4; // letters that wait
  const STEPS = "NP"; // next and previous; all others mean the alert on the screen
  const OWN = "CR"; // Streamlit's own
  // Keys of the widgets that carry the id of the alert: its panel, and the form of its outcome.
  const ALERT = /st-key-(?:tabs|methods)-\d+/;

  let kept = []; // what waits, in order
  let view = ""; // what is on the screen
  let painted = 0; // since when
  let asked = 0; // until when a run that was asked for may still begin
  let timer = 0; // runs while the page does not stand

  // As Streamlit reads it: where letters are not Latin, by the place of the key.
  const letter = ({ key, code, ctrlKey, metaKey, altKey }) => {
    if (ctrlKey || metaKey || altKey) return "";
    return /^[a-z]$/i.test(key) ? key.toUpperCase() : /^Key([A-Z])$/.exec(code)?.[1] ?? "";
  };
  const dialog = () => document.querySelector('[data-testid="stDialog"], dialog[open]');
  const running = () => !document.querySelector('.stApp[data-test-script-state="notRunning"]');
  const shown = () =>
    [...document.querySelectorAll('[class*="st-key-tabs-"], [class*="st-key-methods-"]')]
      .map((one) => ALERT.exec(one.className)?.[0])
      .join();

  // Tables in which values are typed: a letter in one is a text, and no shortcut.
  const EDITOR = '[class*="st-key-repairs-"], [class*="st-key-items-"]';
  const listOf = (target) => target instanceof Element && target.closest('[class*="st-key-list-"]');
  const chosen = (list) => list.querySelector('[aria-selected="true"]');
  let left = false; // otherwise than by Tab: the grid keeps its cell marked, and takes no arrows any more
  const steps = () => document.querySelector('[aria-label="Shortcut N"]');
  let tabbed = false; // whether Tab was the last key

  const tell = (late) => {
    for (const one of document.querySelectorAll(".rp-late")) one.hidden = !late;
  };

  const stir = () => {
    clearTimeout(timer);
    timer = setTimeout(settle, QUIET);
  };

  const settle = () => {
    if (running() || performance.now() < asked) return stir();
    timer = asked = 0;
    go();
    const first = kept.shift();
    if (!first) return;
    const meant = first.step || first.view === view;
    if (meant && performance.now() - first.at < PATIENCE && !dialog()) {
      send(first);
      stir();
    } else {
      kept = []; // what follows was meant to come after it
      tell(!dialog());
    }
  };

  // Whoever walks through the list by arrows stays there: Tab leads on to the alert.
  let opened = ""; // the alert that the page went to
  let place = 0; // of the list, how far the page was scrolled
  let walks = false; // whether an arrow in a list was the last key
  const main = () => document.querySelector('[data-testid="stMain"]');
  const go = () => {
    const back = document.querySelector(".rp-back");
    const [before, now] = [opened, back?.dataset.alert ?? ""];
    opened = now;
    if (now === before || !back?.offsetParent || walks) return;
    if (!before) place = main().scrollTop;
    back.scrollIntoView();
    if (!document.activeElement.closest(".st-key-alert")) back.focus({ preventScroll: true });
  };

  const goBack = () => {
    main().scrollTop = place;
    const list = document.querySelector('[class*="st-key-list-"] [data-testid="data-grid-canvas"]');
    tabbed = left = true; // it opens nothing
    list?.focus({ preventScroll: true });
  };

  const send = ({ key, code, keyCode }) => {
    const init = { key, code, keyCode, which: keyCode, bubbles: true, cancelable: true };
    document.body.dispatchEvent(new KeyboardEvent("keydown", init));
    document.body.dispatchEvent(new KeyboardEvent("keyup", init));
  };

  const escape = (target) => {
    const init = { key: "Escape", code: "Escape", keyCode: 27, bubbles: true, cancelable: true };
    target.dispatchEvent(new KeyboardEvent("keydown", init));
  };

  window.addEventListener("keydown", (event) => {
    if (!event.isTrusted) return;
    tell(false);
    const { target } = event;
    const list = listOf(target);
    tabbed = event.key === "Tab";
    walks = !!list && event.key.startsWith("Arrow");
    if (list && /^Arrow(Down|Up)$/.test(event.key) && (!chosen(list) || (left && steps()))) {
      event.stopImmediatePropagation();
      event.preventDefault();
      const back = chosen(list) && event.key === "ArrowUp";
      const [key, keyCode] = back ? ["p", 80] : ["n", 78];
      return send({ key, code: `Key${key.toUpperCase()}`, keyCode });
    }
    const text = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
      || (target instanceof Element && target.closest(EDITOR));
    const name = letter(event);
    if (name && !text && dialog()) {
      // What is typed while a dialog asks is meant for it, and never for the page behind it.
      event.stopImmediatePropagation();
      kept = [];
      return;
    }
    if (!name || (!list && (text || event.shiftKey))) {
      kept = [];
      return;
    }
    // A page that is slow to draw is slow to hear of a key as well: what counts is its own time.
    const unseen = event.timeStamp < painted;
    const step = STEPS.includes(name);
    const waits = (timer || (unseen && !step)) && !OWN.includes(name) && !dialog();
    if (!waits && !list) return;
    event.stopImmediatePropagation();
    if (!waits) return send(event);
    event.preventDefault();
    if (event.repeat || kept.length === MOST) return;
    const { key, code, keyCode, timeStamp: at } = event;
    kept.push({ key, code, keyCode, at, step, view: unseen ? null : view });
    if (!timer) stir();
  }, true);

  // A shortcut that was taken asks for a run, of which nothing is to be seen before it begins.
  window.addEventListener("keydown", (event) => {
    const name = letter(event);
    if (!event.defaultPrevented || !name) return;
    // What asks for a file asks for no run.
    if (document.querySelector(`.stDownloadButton [aria-label="Shortcut ${name}"]`)) return;
    asked = performance.now() + PATIENCE;
    stir();
  });

  window.addEventListener("click", (event) => {
    if (!event.isTrusted) return;
    if (event.target.closest(".rp-back")) return goBack();
    if (listOf(event.target)) opened = ""; // also the row of what is open: the page goes there anew
    asked = Math.max(asked, performance.now() + CLICK);
    stir();
  }, true);

  window.addEventListener("pointerdown", ({ target }) => {
    kept = [];
    tabbed = walks = false;
    left = !listOf(target);
  }, true);
  window.addEventListener("focusin", ({ target }) => {
    const list = listOf(target);
    if (!list || !tabbed || chosen(list)) return;
    // Before the server is told of the cell, and after the grid has drawn that it has it.
    queueMicrotask(() => escape(target));
  });
  window.addEventListener("blur", () => { kept = []; });

  // A dialog that asks for words is ready to take them.
  let asking = null;
  const ready = () => {
    const open = dialog();
    if (open === asking) return;
    const field = open?.querySelector("textarea");
    if (open && !field) return; // it is not drawn yet
    asking = open;
    // Whoever has begun to type stays where that is: what follows would stand in another field.
    if (!open?.querySelector("input:focus")) field?.focus();
  };

  // Tables in which values are typed have the focus in what is unfolded.
  const fold = () => {
    const unfolded = listOf(document.activeElement) && document.querySelector(".gdg-clip-region");
    if (unfolded) escape(unfolded);
  };

  const look = (changes) => {
    ready();
    fold();
    const now = shown();
    const other = now !== view;
    if (other) {
      view = now;
      painted = Infinity;
      requestAnimationFrame(() => setTimeout(() => {
        if (view === now) painted = performance.now();
      }));
    }
    // A slow browser draws a whole run at once, and never shows that it ran.
    const parts = ".st-key-alert_line, .st-key-decide";
    const drawn = () => changes.some((one) => one.target.parentElement?.closest(parts));
    if (running() || other || (asked && drawn())) asked = 0;
    if (running() || other || timer) stir();
  };
  view = shown();
  stir();
  new MutationObserver(look).observe(document.body, {
    subtree: true,
    childList: true,
    characterData: true,
    attributeFilter: ["data-test-script-state"],
  });
}
