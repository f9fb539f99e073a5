// What the pages do besides, where scripts may run: they stay live in place, and the keyboard suffices.
"use strict";
(() => {
  const main = document.querySelector("main");
  if (!main) return;
  const every = 2000;
  let tag = null;

  // Live: the same page again, and only what differs is put in its place. Rows do not jump: new ones wait.
  async function renew() {
    if (document.hidden || !main.querySelector("[data-live]")) return;
    try {
      const answer = await fetch(location.href, { headers: tag ? { "x-live": "1", "if-none-match": tag } : { "x-live": "1" }, redirect: "error" });
      if (answer.status === 304) return stale(false);
      if (!answer.ok) return stale(true);
      tag = answer.headers.get("etag");
      place(new DOMParser().parseFromString(await answer.text(), "text/html"));
      stale(false);
    } catch { stale(true); }
  }
  function place(fresh) {
    for (const node of main.querySelectorAll("[data-live]")) {
      if (node.contains(document.activeElement) && document.activeElement !== document.body && node.dataset.live !== "says") continue;
      const other = fresh.querySelector(`[data-live="${CSS.escape(node.dataset.live)}"]`);
      if (other && node.innerHTML !== other.innerHTML) node.replaceChildren(...other.childNodes);
    }
    for (const list of main.querySelectorAll("[data-rows]")) {
      const other = fresh.querySelector(`[data-rows="${CSS.escape(list.dataset.rows)}"]`);
      if (!other) continue;
      let added = 0;
      for (const row of other.children) {
        const known = row.dataset.key && list.querySelector(`[data-key="${CSS.escape(row.dataset.key)}"]`);
        if (!known) added += 1;
        else if (known.innerHTML !== row.innerHTML && !known.contains(document.activeElement)) known.replaceChildren(...row.childNodes);
      }
      const note = document.getElementById("fresh");
      if (note) { note.hidden = !added; note.firstElementChild.textContent = added; }
    }
  }
  function stale(is) { const note = document.getElementById("stale"); if (note) note.hidden = !is; }
  setInterval(renew, every);
  document.addEventListener("visibilitychange", renew);

  // Keys.
  const pages = { t: "today", o: "orders", i: "incidents", s: "systems", p: "partners" };
  let went = 0;
  const rows = () => [...main.querySelectorAll("a[data-row]")];
  function move(by) {
    const all = rows(), at = all.indexOf(document.activeElement);
    const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
    if (next) next.focus();
  }
  const press = (name) => { const one = main.querySelector(`[data-key-act="${name}"]`); if (one) one.click(); };
  document.addEventListener("keydown", (event) => {
    const find = document.getElementById("find");
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); find.focus(); find.select(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) {
      if (event.key === "Escape" && event.target === find) find.blur();
      return;
    }
    if (went && Date.now() - went < 1500 && pages[event.key]) { went = 0; const link = document.querySelector(`[data-page="${pages[event.key]}"]`); if (link) link.click(); return; }
    if (event.key === "g") { went = Date.now(); return; }
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "r") press("retry");
    else if (event.key === "a") press("assign");
    else if (event.key === "/") { event.preventDefault(); find.focus(); }
    else if (event.key === "?") document.getElementById("keys").showModal();
  });
  for (const button of document.querySelectorAll("[data-copy]")) if (navigator.clipboard) button.hidden = false;
  document.addEventListener("click", (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent);
    if (event.target.closest("[data-print]")) window.print();
    if (event.target.closest("[data-reload]")) location.reload();
  });
})();
