// Makes the page live: parts that may have changed are fetched again, and the audience is counted as it is chosen.
"use strict";

const parts = () => [...document.querySelectorAll("[data-live]")];

function replaceParts(text, names) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const part of parts()) {
    const name = part.dataset.live;
    if (names && !names.includes(name)) continue;
    if (part.contains(document.activeElement) && document.activeElement.matches("input, textarea")) continue;
    const other = fresh.querySelector(`[data-live="${name}"]`);
    if (other && other.innerHTML !== part.innerHTML) part.innerHTML = other.innerHTML;
  }
}

let due = 0;
async function refresh() {
  due = 0;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (answer.ok) replaceParts(await answer.text(), null);
  } catch { /* the node is away; the stream says when it is back */ }
}

// The audience of a post that is being written is not fetched again: its form is not on the server.
const lives = parts().some((part) => part.dataset.live !== "audience");
if (lives && "EventSource" in window) {
  const events = new EventSource("/events");
  const soon = () => { if (!due) due = setTimeout(refresh, 300); };
  for (const kind of ["listings", "people", "exchanges", "groups", "sharing", "alerts", "status", "reset"]) {
    events.addEventListener(kind, soon);
  }
  addEventListener("pagehide", () => events.close());
}

const form = document.getElementById("post");
if (form) {
  let asking = null;
  const count = async () => {
    if (asking) asking.abort();
    asking = new AbortController();
    const fields = new URLSearchParams(new FormData(form));
    fields.delete("once");
    fields.set("check", "1");
    try {
      const answer = await fetch("/post", { method: "POST", body: fields, signal: asking.signal });
      replaceParts(await answer.text(), ["audience"]);
    } catch { /* another choice came first, or the node is away */ }
  };
  form.addEventListener("change", (change) => { if (change.target.matches("[name=audience], [name=type], [name=place]")) count(); });
  count();
}
