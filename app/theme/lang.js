// What reads a page aloud, breaks its lines or chooses its letters asks the root for its language:
// Streamlit says English, whatever the page speaks.
document.documentElement.lang = document.querySelector(".rp-who")?.lang || "en";

// A list is a canvas that knows left to right alone. Where a page is written from the right its
// columns begin at the right end: that is what is seen first of a list that is wider than its place.
if (!window.riskprofileLists) {
  window.riskprofileLists = true;
  const EVERY = 500; // ms
  const begun = new WeakSet(); // lists that were moved: from then on who reads moves them
  setInterval(() => {
    const page = document.querySelector(".stMain");
    if (!page || getComputedStyle(page).direction !== "rtl") return;
    for (const list of document.querySelectorAll(".dvn-scroller")) {
      if (begun.has(list) || list.scrollWidth <= list.clientWidth + 1) continue;
      begun.add(list);
      list.scrollLeft = list.scrollWidth;
    }
  }, EVERY);
}
