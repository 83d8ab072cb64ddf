// Small comforts; every page works without them.
"use strict";
(() => {
  const announcer = () => document.getElementById("announcer");
  const say = (text) => {
    announcer().textContent = "";
    requestAnimationFrame(() => { announcer().textContent = text; });
  };

  // Browsers drop the site's cookies where nobody can vouch for the connection: say so before anything is typed.
  if (!isSecureContext) document.getElementById("in-clear")?.removeAttribute("hidden");

  // A page that answers a form stands where it can be opened: neither Back nor Reload offers to send it again.
  const { at } = document.body.dataset;
  if (at) history.replaceState(history.state, "", at);

  // Ask once more, only where a form says so: what leaves the house cannot be called back.
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  }, true);

  // A sent form shows that it is working and is not sent twice.
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    const form = event.target;
    if (form.dataset.sent && form.method === "post") { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
    }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.target.closest?.("form[data-sent]");
    if (form) { delete form.dataset.sent; form.removeAttribute("aria-busy"); }
  });

  // Lists by keyboard: j and k move, Enter opens, / goes to the search field.
  const rows = () => [...document.querySelectorAll("table[data-keys] tbody tr")];
  const mark = (row) => { for (const other of rows()) other.classList.toggle("at", other === row); };
  const move = (step) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.classList.contains("at"));
    const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    mark(next);
    next.scrollIntoView({ block: "nearest" });
    next.querySelector("a, button")?.focus({ preventScroll: true });
  };

  // The panel beside the content: shown when htmx fills it, closed by its button or Esc. What opened it, a row or
  // a mark of a map, then has the focus again, and so stands where it stood.
  const side = document.getElementById("side");
  const panel = side?.parentElement;
  const closing = panel?.querySelector(".close");
  let opener = null;
  const around = (link) => link.closest("tr, .map") ?? link;
  const show = (part) => part.scrollIntoView({ block: "nearest" });
  const close = () => {
    if (!panel || panel.hidden) return;
    panel.hidden = true;
    side.replaceChildren();
    opener.focus({ preventScroll: true });
    show(around(opener));
  };
  closing?.addEventListener("click", close);
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!side || event.target !== side) return;
    const asked = event.detail.requestConfig.elt;
    if (asked.isConnected) opener = asked; // a link of the panel itself has just gone
    panel.hidden = false;
    panel.scrollTop = 0;
    closing.focus({ preventScroll: true });
    mark(opener.closest("tr"));
    show(around(opener)); // its row has moved, where the panel takes room from the list
    show(panel);
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "Escape") close();
    else if (event.key === "/") {
      const search = document.querySelector("input[type=search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
    }
  });

  // Changes made by htmx: the focus stays with the reader, and a screen reader hears what changed.
  let focused = "";
  document.addEventListener("htmx:beforeSwap", () => { focused = document.activeElement?.id ?? ""; });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
    const part = event.target;
    const spoken = part.querySelector?.("[role=status], [role=alert], h1, h2");
    if (spoken) say(spoken.textContent.trim());
    part.querySelector?.("#summary")?.focus();
  });
  document.addEventListener("htmx:sendError", () => {
    const text = document.documentElement.lang === "en"
      ? "No connection. What you typed is still here."
      : "网络不通。您填写的内容还在，请稍后再试。";
    const box = document.createElement("div");
    box.className = "alert problem";
    box.setAttribute("role", "alert");
    box.textContent = text;
    document.getElementById("alerts")?.replaceChildren(box);
  });
  document.addEventListener("htmx:xhr:progress", (event) => {
    const bar = event.target.querySelector?.("progress[data-upload]");
    if (bar && event.detail.lengthComputable) { bar.hidden = false; bar.max = event.detail.total; bar.value = event.detail.loaded; }
  });

  // What was opened in clear does not stay on an unattended screen.
  for (const open of document.querySelectorAll("[data-gone-after]")) {
    setTimeout(() => {
      const gone = document.createElement("p");
      gone.className = "muted";
      gone.textContent = open.dataset.gone;
      open.replaceChildren(gone);
    }, 1000 * open.dataset.goneAfter);
  }

  document.addEventListener("DOMContentLoaded", () => document.getElementById("summary")?.focus());
})();
