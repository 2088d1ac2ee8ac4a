// What reads a page aloud, breaks its lines or chooses its letters asks the root for its language:
// Streamlit says English, whatever the page speaks.
document.documentElement.lang = document.querySelector(".rp-who")?.lang || "en";
