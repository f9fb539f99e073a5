// What the pages do besides, where scripts may run: they stay live in place, and the keyboard suffices.
"use strict";
(() => {
  const main = document.querySelector("main");
  if (!main) return;
  // Today is made once for all who look, and its look is answered when there is news; other pages are each one's own.
  const waits = Boolean(main.querySelector('[data-live="picture"]')), every = waits ? 1200 : 3000;
  let tag = null, looks = false;

  // Live: the same page again, and only what differs is put in its place. Rows do not jump: new ones wait.
  async function renew() {
    if (looks || document.hidden || !main.querySelector("[data-live]")) return;
    looks = true;
    try {
      const live = waits ? "wait" : "1";
      const answer = await fetch(location.href, { headers: tag ? { "x-live": live, "if-none-match": tag } : { "x-live": live }, redirect: "error" });
      if (answer.status === 304) return stale(false);
      if (!answer.ok) return stale(true);
      tag = answer.headers.get("etag");
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      // The first run ends when something came in: another page stands at the same address then.
      const parts = [...main.querySelectorAll("[data-live]:not([data-live=says])")];
      if (parts.length && !parts.some((one) => fresh.querySelector(`[data-live="${CSS.escape(one.dataset.live)}"]`))) return location.reload();
      place(fresh);
      showCopies();
      stale(false);
    } catch { stale(true); } finally { looks = false; }
  }
  function place(fresh) {
    for (const node of main.querySelectorAll("[data-live]")) {
      if (node.contains(document.activeElement) && document.activeElement !== document.body && node.dataset.live !== "says") continue;
      const other = fresh.querySelector(`[data-live="${CSS.escape(node.dataset.live)}"]`);
      if (other && node.innerHTML !== other.innerHTML) node.replaceChildren(...other.childNodes);
    }
    for (const list of main.querySelectorAll("[data-rows]")) {
      const other = fresh.querySelector(`[data-rows="${CSS.escape(list.dataset.rows)}"]`);
      const now = other ? [...other.children] : [];
      if (list.dataset.gone) mark(list, now);
      let added = 0;
      for (const row of now) {
        const known = row.dataset.key && list.querySelector(`[data-key="${CSS.escape(row.dataset.key)}"]`);
        if (!known) added += 1;
        else if (known.innerHTML !== row.innerHTML && !known.contains(document.activeElement)) {
          const ticked = known.querySelector("input:checked");
          known.replaceChildren(...row.childNodes);
          if (ticked) known.querySelector("input").checked = true;
        }
      }
      const note = document.getElementById("fresh");
      if (note) { note.hidden = !added; note.firstElementChild.textContent = added; }
    }
  }
  // What has left the list stays where it is, with a word; what only went on to the next page has not left it.
  function mark(list, now) {
    const keys = new Set(now.map((row) => row.dataset.key)), shorter = now.length < list.children.length;
    let follows = shorter;
    for (const row of [...list.children].reverse()) {
      const stays = keys.has(row.dataset.key), what = row.querySelector(".what");
      if (stays) { follows = true; delete what.dataset.gone; }
      else if (follows) what.dataset.gone = list.dataset.gone;
    }
  }
  function stale(is) { const note = document.getElementById("stale"); if (note) note.hidden = !is; }
  setInterval(renew, every);
  document.addEventListener("visibilitychange", renew);

  // On a narrow screen the pages are a strip: the one that is open is brought into sight.
  const open = document.querySelector("nav [aria-current]");
  if (open && open.closest("nav").scrollWidth > open.closest("nav").clientWidth) open.scrollIntoView({ block: "nearest", inline: "center" });

  // Ticks: how many there are, and all at once.
  const chosen = document.getElementById("chosen"), all = main.querySelector("[data-all]");
  if (chosen) {
    const ticks = () => [...main.querySelectorAll('input[name="incident"]')], word = chosen.querySelector("[data-chosen]"), first = word.textContent;
    const count = () => {
      const boxes = ticks(), n = boxes.filter((one) => one.checked).length;
      word.textContent = n ? chosen.dataset.many.replace("0", n) : first;
      all.checked = n > 0 && n === boxes.length; all.indeterminate = n > 0 && n < boxes.length;
      chosen.querySelector("button").disabled = !n;
    };
    all.hidden = false;
    all.addEventListener("change", () => { for (const one of ticks()) one.checked = all.checked; count(); });
    main.addEventListener("change", (event) => { if (event.target.name === "incident") count(); });
    count();
  }

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

  // Find: what may be meant is offered while somebody types; Enter without a choice sends the form, as without script.
  const field = document.getElementById("find"), offers = document.getElementById("offers");
  if (field && offers) {
    let asking = null, waits = 0;
    const options = () => [...offers.querySelectorAll("[role=option]")];
    const chosenOffer = () => offers.querySelector('[aria-selected="true"]');
    const close = () => { offers.hidden = true; field.setAttribute("aria-expanded", "false"); field.removeAttribute("aria-activedescendant"); };
    for (const [name, value] of Object.entries({ role: "combobox", "aria-controls": "offers", "aria-expanded": "false", "aria-autocomplete": "list", "aria-haspopup": "listbox" })) field.setAttribute(name, value);
    const choose = (by) => {
      const all = options(), at = all.indexOf(chosenOffer()), next = all[(at + by + all.length + (at < 0 && by < 0 ? 1 : 0)) % all.length];
      for (const one of all) one.setAttribute("aria-selected", String(one === next));
      if (next) { field.setAttribute("aria-activedescendant", next.id); next.scrollIntoView({ block: "nearest" }); }
    };
    const offer = async () => {
      if (asking) asking.abort();
      const typed = field.value.trim();
      if (!typed) return close();
      asking = new AbortController();
      try {
        const answer = await fetch(`${field.form.action}?q=${encodeURIComponent(typed)}`, { headers: { "x-live": "1" }, redirect: "error", signal: asking.signal });
        if (!answer.ok) return close();
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("found");
        if (document.activeElement !== field) return;
        offers.replaceChildren(...fresh.childNodes);
        options().forEach((one, n) => { one.id = `offer-${n}`; });
        field.removeAttribute("aria-activedescendant");
        if (!options().length) return close();
        const box = field.getBoundingClientRect();
        offers.style.left = `${box.left}px`; offers.style.top = `${box.bottom + 4}px`; offers.style.maxHeight = `${Math.max(window.innerHeight - box.bottom - 16, 160)}px`;
        offers.hidden = false; field.setAttribute("aria-expanded", "true");
      } catch (problem) { if (problem.name !== "AbortError") close(); }
    };
    field.addEventListener("input", () => { clearTimeout(waits); waits = setTimeout(offer, 120); });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !offers.hidden) { event.stopPropagation(); event.preventDefault(); return close(); }
      if (event.key === "Enter" && !offers.hidden && chosenOffer()) { event.preventDefault(); return chosenOffer().click(); }
      if ((event.key !== "ArrowDown" && event.key !== "ArrowUp") || offers.hidden) return;
      event.preventDefault();
      choose(event.key === "ArrowDown" ? 1 : -1);
    });
    field.addEventListener("blur", () => setTimeout(() => { if (!offers.contains(document.activeElement)) close(); }, 150));
    offers.addEventListener("mousedown", (event) => event.preventDefault());
    window.addEventListener("scroll", close, { passive: true });
  }
  const showCopies = () => { for (const button of document.querySelectorAll("[data-copy]")) if (navigator.clipboard) button.hidden = false; };
  showCopies();
  document.addEventListener("click", (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard.writeText(document.getElementById(copy.dataset.copy).textContent);
    if (event.target.closest("[data-print]")) window.print();
    if (event.target.closest("[data-reload]")) location.reload();
  });
})();
