// Asks once a second whether alerts came, and then has the page count them: the list never moves.
if (!window.riskprofileNews) {
  window.riskprofileNews = true;
  const EVERY = 1000; // ms
  let told = null; // the last news that the page was asked to count
  let waits = false; // for an answer

  const look = async () => {
    const drawn = document.querySelector('[class*="st-key-news-"]');
    const still = document.querySelector('.stApp[data-test-script-state="notRunning"]');
    if (waits || document.hidden || !drawn || !still) return;
    waits = true;
    try {
      const answer = await fetch("/news", { redirect: "manual", cache: "no-store" });
      // Who is signed out is sent elsewhere: the page finds that out by itself.
      const out = answer.type === "opaqueredirect";
      if (!out && !answer.ok) return;
      const said = out ? null : await answer.json();
      if (said) window.dispatchEvent(new CustomEvent("riskprofile-news", { detail: said }));
      const news = said && String(said.alerts);
      if (!out && (news === told || drawn.classList.contains(`st-key-news-${news}`))) return;
      told = news;
      document.querySelector(".st-key-look button")?.click();
    } catch {
      // The server is away: `line.js` says so.
    } finally {
      waits = false;
    }
  };
  setInterval(look, EVERY);
}
