// Keyboard shortcuts of the inbox; the page itself lists them. Single keys must be possible to switch off (WCAG 2.1.4).
(() => {
  const OFF = "staff-shortcuts-off";
  const DECISIONS = "12345";
  const pressed = { a: "#inbox-take", d: "#inbox-decide", r: "#inbox-reopen" }; // buttons
  const reached = { "/": "#inbox-words :is(input, textarea)", n: "#inbox-note textarea" }; // fields

  const typing = (target) => target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable], [role=listbox]");

  function step(forward) {
    const buttons = [...document.querySelectorAll("#cases button[data-case]")];
    const here = buttons.indexOf(document.activeElement);
    buttons[here < 0 ? 0 : Math.min(Math.max(here + forward, 0), buttons.length - 1)]?.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (!document.getElementById("shortcuts") || localStorage.getItem(OFF)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const key = event.key;
    if (key === "j" || key === "k") step(key === "j" ? 1 : -1);
    else if (pressed[key]) document.querySelector(pressed[key])?.click();
    else if (reached[key]) document.querySelector(reached[key])?.focus();
    else if (DECISIONS.includes(key)) document.querySelectorAll("#inbox-decision input")[DECISIONS.indexOf(key)]?.click();
    else return;
    event.preventDefault();
  });

  document.addEventListener("change", (event) => {
    if (!event.target.closest("#shortcuts")) return;
    if (event.target.checked) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
  });

  // The page is drawn after this script has run.
  new MutationObserver((_, observer) => {
    const box = document.querySelector("#shortcuts input");
    if (!box) return;
    box.checked = !localStorage.getItem(OFF);
    observer.disconnect();
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
