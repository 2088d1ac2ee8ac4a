"""When a page is at rest: all that was asked is answered and drawn, and nothing is about to begin.

A fixed pause would be waited for in full, hundreds of times in a suite: a page that can say it is
asked for it.
"""

from __future__ import annotations

from typing import Any

SLOW = 60_000  # milliseconds that a busy machine may take to draw: it is slow, not wrong
PAUSE = 400  # milliseconds after which a page counts as at rest that cannot say it

# Run before any script of a page: which of its timers are about to end (what is typed, chosen or
# moved is told to the server a little later), and when it last asked the server and heard of it.
NOTED = f"""(() => {{
  const {{ setTimeout: set, clearTimeout: clear }} = window;
  const due = new Set();
  const noted = {{ due, asked: 0, heard: 0, lines: 0 }};
  window.setTimeout = (act, delay, ...told) => {{
    const soon = typeof act === "function" && delay > 0 && delay <= {PAUSE};
    if (!soon) return set(act, delay, ...told);
    const id = set(() => {{
      due.delete(id);
      act(...told);
    }}, delay);
    due.add(id);
    return id;
  }};
  window.clearTimeout = (id) => {{
    due.delete(id);
    clear(id);
  }};
  window.WebSocket = class extends WebSocket {{
    constructor(...told) {{
      super(...told);
      noted.lines += 1;
      noted.asked = performance.now(); // a new line is one that draws the page
      this.addEventListener("message", () => (noted.heard = performance.now()));
    }}
    send(told) {{
      noted.asked = performance.now();
      super.send(told);
    }}
  }};
  window.riskprofileNoted = noted;
}})()"""

# Resolved when the page is at rest, and has been `drawn` where that is asked: whether it came to
# that. One whose line goes through a test, or whose scripts were not noted, cannot say it; nor one
# where something begins over and over.
REST = f"""(drawn) => new Promise((rest) => {{
  const QUIET = 50; // ms in which nothing changes, nor is anything heard
  const noted = window.riskprofileNoted;
  const told = () => noted && (!document.querySelector(".stApp") || noted.lines > 0);
  const first = performance.now();
  let began = first;
  let last = first;
  let late = false; // a part came while it was looked: then the whole pause is waited for
  const changes = new MutationObserver(() => (last = performance.now()));
  changes.observe(document, {{
    subtree: true, childList: true, attributes: true, characterData: true,
  }});
  const frame = (then) => requestAnimationFrame(then);
  const moves = () => document.getAnimations().some((one) =>
    one.playState === "running" && one.effect.getComputedTiming().endTime !== Infinity);
  const busy = () => !told() || noted.due.size || noted.asked > noted.heard || moves()
    || document.querySelector('.stApp:not([data-test-script-state="notRunning"])')
    || performance.now() - Math.max(last, noted.heard) < QUIET;
  // A part whose script is still on its way stands there as a grey bar, and comes when it is there.
  const parts = () => !document.querySelector('[data-testid="stSkeleton"]');
  const ran = () => !drawn || document.querySelector('.stApp[data-test-script-state="notRunning"]');
  const look = () => {{
    const now = performance.now();
    if (!ran()) [late, began] = [false, now];
    else if (!parts()) [late, began] = [true, now];
    if (now - first < {SLOW} && (late || busy() || !ran()) && now - began < {PAUSE})
      return setTimeout(look, 10);
    changes.disconnect();
    rest(now - first < {SLOW});
  }};
  frame(() => frame(() => setTimeout(look)));
}})"""

LEFT = ("context was destroyed", "Cannot find context")  # for another page, while it was looked at


def at_rest(page: Any, drawn: bool = False) -> None:
    """Wait until all is drawn that was asked of the page, and nothing is about to begin; where it
    has to be `drawn`, also until it is.

    Asked once, by one message: `wait_for_function` would take twice the processor time.
    """
    from playwright.sync_api import Error

    while True:
        try:
            assert page.evaluate(REST, drawn), f"{page.url} does not come to rest"
            return
        except Error as error:
            if not any(one in error.message for one in LEFT):
                raise
