"""When a page is at rest: all that was asked is answered and drawn, and nothing is about to begin.

A fixed pause would be waited for in full, hundreds of times in a suite: a page that can say it is
asked for it.
"""

from __future__ import annotations

from typing import Any

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

# Resolved when the page is at rest. One whose line goes through a test, or whose scripts were not
# noted, cannot say it; nor one where something begins over and over.
REST = f"""() => new Promise((rest) => {{
  const QUIET = 50; // ms in which nothing changes, nor is anything heard
  const noted = window.riskprofileNoted;
  const app = document.querySelector(".stApp");
  const told = noted && (!app || noted.lines > 0);
  let began = performance.now();
  let last = began;
  let late = false; // a part came while it was looked: then the whole pause is waited for
  const changes = new MutationObserver(() => (last = performance.now()));
  changes.observe(document, {{
    subtree: true, childList: true, attributes: true, characterData: true,
  }});
  const frame = (then) => requestAnimationFrame(then);
  const moves = () => document.getAnimations().some((one) =>
    one.playState === "running" && one.effect.getComputedTiming().endTime !== Infinity);
  const busy = () => !told || noted.due.size || noted.asked > noted.heard || moves()
    || document.querySelector('.stApp:not([data-test-script-state="notRunning"])')
    || performance.now() - Math.max(last, noted.heard) < QUIET;
  // A part whose script is still on its way stands there as a grey bar, and comes when it is there.
  const parts = () => !document.querySelector('[data-testid="stSkeleton"]');
  const look = () => {{
    if (!parts()) [late, began] = [true, performance.now()];
    if ((late || busy()) && performance.now() - began < {PAUSE}) return setTimeout(look, 10);
    changes.disconnect();
    rest(true);
  }};
  frame(() => frame(() => setTimeout(look)));
}})"""


def at_rest(page: Any) -> None:
    """Wait until all is drawn that was asked of the page, and nothing is about to begin."""
    page.wait_for_function(REST)
