// Opens a citation in a panel beside the chat. Without this script the same link opens the article page itself.
const panel = document.createElement("dialog");
panel.id = "source";
panel.setAttribute("aria-labelledby", "source-title");
panel.innerHTML =
  '<header><h2 id="source-title">Source</h2><div class="tools"><a target="_blank" rel="noopener">Open page</a>' +
  '<button type="button">Close</button></div></header><iframe title="Source article"></iframe>';
const frame = panel.querySelector("iframe");
const whole = panel.querySelector("a");
const small = matchMedia("(max-width: 48rem)");
let opener = null;

function open(link) {
  opener?.removeAttribute("aria-expanded");
  opener = link;
  link.setAttribute("aria-expanded", "true");
  const address = link.getAttribute("href");
  whole.href = address;
  panel.querySelector("h2").textContent = `Source ${link.textContent.replace(/\D/g, "")}`;
  const [page] = address.split("#");
  if (frame.contentWindow?.location.pathname === page) frame.contentWindow.location.hash = address.slice(page.length);
  else frame.src = address;
  if (!panel.open) small.matches ? panel.showModal() : panel.show();
  panel.querySelector("button").focus();
}

panel.querySelector("button").addEventListener("click", () => panel.close());
panel.addEventListener("close", () => {
  opener?.removeAttribute("aria-expanded");
  opener?.focus();
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && panel.open) panel.close();
});
addEventListener("message", (event) => {
  if (event.origin === location.origin && event.data === "close-source" && panel.open) panel.close();
});
document.addEventListener(
  "click",
  (event) => {
    const link = event.target.closest?.('#chat a[href^="/articles/"]');
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      event.stopPropagation();
      open(link);
    } else if (event.target === panel) panel.close(); // a tap on the backdrop
  },
  true,
);
document.body.append(panel);

// Gradio labels each message with its raw source, and scrolls to the end of a long reply; people need its beginning.
let shown = "";
new MutationObserver(() => {
  const messages = [...document.querySelectorAll('#chat [data-testid="user"], #chat [data-testid="bot"]')];
  for (const message of messages) {
    const label = message.dataset.testid === "bot" ? "Reply" : "You";
    if (message.getAttribute("aria-label") !== label) message.setAttribute("aria-label", label);
  }
  const scroller = document.querySelector('#chat [role="log"]');
  if (scroller && scroller.tabIndex !== 0) scroller.tabIndex = 0; // so that the keyboard can scroll it
  const asked = messages.filter((message) => message.dataset.testid === "user").at(-1);
  const state = `${messages.length}:${messages.at(-1)?.textContent.length}`; // grows while a reply comes in
  if (!asked || state === shown) return;
  shown = state;
  const log = asked.closest('[role="log"]');
  log.scrollTop += asked.getBoundingClientRect().top - log.getBoundingClientRect().top - 8;
}).observe(document.body, { childList: true, subtree: true, characterData: true });
