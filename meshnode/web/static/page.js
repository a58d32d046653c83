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

// One fetch at a time, however many events come and however slowly the node answers.
let due = 0, fetching = false, again = false;
const soon = () => { if (!due) due = setTimeout(refresh, 300); };

async function refresh() {
  due = 0;
  again = fetching;
  if (fetching) return;
  fetching = true;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (answer.ok) replaceParts(await answer.text(), null);
  } catch { /* the node is away; the stream says when it is back */ }
  fetching = false;
  if (again) soon();
}

// A page that nobody sees holds no stream: a browser has six connections to a node, for all its tabs together.
// The audience of a post that is being written is not fetched again: its form is not on the server.
const KINDS = ["listings", "people", "exchanges", "groups", "sharing", "alerts", "status", "reset"];
const RETRY_SECONDS = 30; // after the node has refused the stream, since too many are open: browsers then give up
const lives = parts().some((part) => part.dataset.live !== "audience");
let events = null;

function listen() {
  if (events || document.hidden) return;
  events = new EventSource("/events");
  for (const kind of KINDS) events.addEventListener(kind, soon);
  events.onerror = () => { if (events && events.readyState === EventSource.CLOSED) { rest(); setTimeout(listen, RETRY_SECONDS * 1000); } };
}

function rest() {
  if (events) events.close();
  events = null;
}

if (lives && "EventSource" in window) {
  listen();
  addEventListener("pagehide", rest);
  addEventListener("pageshow", (shown) => { if (shown.persisted) { listen(); soon(); } });
  document.addEventListener("visibilitychange", () => { if (document.hidden) rest(); else { listen(); soon(); } });
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
