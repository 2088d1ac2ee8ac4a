// Where the server is: Streamlit would look for one under the name of each page first, and fail.
window.__streamlit = { BACKEND_BASE_URL: `${location.origin}/` };
