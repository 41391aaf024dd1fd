// What makes pages alive.  All text is made by the server, and every page can be read without this.
"use strict";

(() => {
  const main = document.getElementById("main");
  const liveness = document.getElementById("liveness");
  const skew = Number(document.documentElement.dataset.now) * 1000 - Date.now();

  // --- ages count on, in the words of looks.ago

  const AGES = [[60, 1, "s"], [3600, 60, "min"], [172800, 3600, "h"], [Infinity, 86400, "d"]];

  function ago(seconds) {
    if (seconds < 1) return "now";
    const [, unit, name] = AGES.find(([below]) => seconds < below);
    return `${Math.floor(seconds / unit)} ${name} ago`;
  }

  function countOn() {
    const now = Date.now() + skew;
    for (const time of document.querySelectorAll("time[data-age]")) {
      const text = ago((now - Date.parse(time.dateTime)) / 1000);
      if (time.textContent !== text) time.textContent = text;
    }
  }

  // --- an element becomes like another: only what differs is touched, so focus and selection stay

  function become(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeName !== fresh.nodeName || old.id !== fresh.id) {
      old.replaceWith(fresh);
    } else if (old.nodeType === Node.ELEMENT_NODE) {
      takeAttributes(old, fresh);
      takeChildren(old, fresh);
    } else {
      old.nodeValue = fresh.nodeValue;
    }
  }

  function takeAttributes(old, fresh) {
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    for (const { name } of [...old.attributes]) {
      const keeps = name === "open"; // a person unfolds; the server does not fold again
      if (!keeps && !fresh.hasAttribute(name)) old.removeAttribute(name);
    }
  }

  function takeChildren(old, fresh) {
    const named = new Map([...old.children].filter((each) => each.id).map((each) => [each.id, each]));
    let at = old.firstChild;
    for (const node of [...fresh.childNodes]) {
      const like = node.id ? named.get(node.id) : at && !at.id ? at : null;
      if (!like || like.nodeName !== node.nodeName) {
        old.insertBefore(node, at);
        continue;
      }
      if (like === at) at = at.nextSibling;
      else old.insertBefore(like, at);
      become(like, node);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  // --- what comes is kept until the next picture is drawn, the latest of each part only

  let parts = new Map();
  let lines = new Map();
  let more = 0;
  let drawing = false;

  function take(said) {
    for (const [id, text] of Object.entries(said.parts)) parts.set(id, text);
    for (const [id, added] of Object.entries(said.lines)) {
      lines.set(id, [...(lines.get(id) ?? []), ...added].slice(-500));
    }
    more = said.more;
    if (!drawing) {
      drawing = true;
      requestAnimationFrame(draw);
    }
  }

  function made(text) {
    const template = document.createElement("template");
    template.innerHTML = text;
    return template.content.firstElementChild;
  }

  function draw() {
    drawing = false;
    for (const [id, text] of parts) {
      const old = document.getElementById(id);
      if (old) become(old, made(text));
    }
    for (const [id, texts] of lines) addLines(document.getElementById(id), texts);
    parts = new Map();
    lines = new Map();
    const told = document.getElementById("more");
    if (told) {
      told.hidden = more === 0;
      told.textContent = more ? `${more.toLocaleString("en")} ${told.dataset.word}` : "";
    }
    countOn();
  }

  function addLines(list, texts) {
    if (!list) return;
    const first = list.dataset.lines === "start";
    const follows = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    for (const text of texts) {
      const line = made(text);
      if (document.getElementById(line.id)) continue;
      if (first) list.prepend(line);
      else list.append(line);
    }
    while (list.childElementCount > Number(list.dataset.most)) {
      (first ? list.lastElementChild : list.firstElementChild).remove();
    }
    if (!first && follows) list.scrollTop = list.scrollHeight;
  }

  // --- one stream for a page that is seen: browsers allow six to a server, in all windows

  const SOON = 5000; // milliseconds
  let source = null;
  let last = "";
  let wait = SOON;

  function say(word) {
    if (liveness.textContent !== word) liveness.textContent = word;
  }

  function open() {
    if (source || document.hidden) return;
    const address = new URL(main.dataset.live, location.href);
    if (last) address.searchParams.set("last", last);
    source = new EventSource(address);
    source.onopen = () => {
      wait = SOON;
      say("live");
    };
    source.onerror = () => {
      say("not live: trying again");
      if (source?.readyState === EventSource.CLOSED) tryLater(); // it was refused
    };
    source.onmessage = (message) => {
      last = message.lastEventId || last;
      take(JSON.parse(message.data));
    };
    source.addEventListener("over", () => {
      close();
      say("not live any more");
    });
  }

  function tryLater() {
    close();
    setTimeout(open, wait);
    wait = Math.min(2 * wait, 12 * SOON);
  }

  function close() {
    source?.close();
    source = null;
  }

  if (main.dataset.live) {
    document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
    addEventListener("pagehide", close);
    addEventListener("pageshow", open);
    open();
  }
  for (const list of document.querySelectorAll('[data-lines="end"]')) list.scrollTop = list.scrollHeight;
  setInterval(countOn, 1000);
})();
