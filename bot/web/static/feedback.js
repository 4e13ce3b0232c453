// Thumbs under the latest reply. The page's own script cannot tell when a reply is whole: only then it has an id,
// "reply-<its id>-<that of the conversation>".
const THANKS = "Thank you.";
const MORE = "Thank you. You can tell us more below.";
let bar = null;

function place() {
  const log = document.querySelector('#chat [role="log"]');
  const form = document.getElementById("feedback-form");
  if (!log || !form) return;
  const last = [...log.querySelectorAll('[data-testid="user"], [data-testid="bot"]')].at(-1);
  const id = last?.querySelector('[id^="reply-"]')?.id ?? "";
  if (bar && bar.isConnected && bar.dataset.reply === id) return;
  bar?.remove();
  bar = null;
  if (!id) return;
  bar = form.content.firstElementChild.cloneNode(true);
  bar.dataset.reply = id;
  wire(bar, id.split("-"));
  log.append(bar);
}

function wire(bar, [, reply, conversation]) {
  const status = bar.querySelector('[role="status"]');
  const form = bar.querySelector("form");
  const thumbs = [...bar.querySelectorAll(".thumbs button")];
  const along = form.elements.send_along;
  const comment = bar.querySelector("[data-along]");
  let thumb = "";

  async function send(more, thanks) {
    status.classList.remove("wrong");
    let wrong = "";
    try {
      const response = await fetch("/api/feedback", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ id: reply, conversation_id: conversation, thumb, ...more }),
      });
      if (!response.ok) wrong = (await response.json()).error.message;
    } catch {
      wrong = "Your feedback could not be sent; please try again.";
    }
    status.classList.toggle("wrong", Boolean(wrong));
    status.textContent = wrong || thanks;
    return !wrong;
  }

  for (const button of thumbs) {
    button.addEventListener("click", async () => {
      thumb = button.name;
      for (const each of thumbs) each.setAttribute("aria-pressed", each === button);
      for (const why of form.querySelectorAll("[data-thumb]")) why.hidden = why.dataset.thumb !== thumb;
      if (!(await send({}, MORE))) return;
      form.hidden = false;
      show();
    });
  }
  along?.addEventListener("change", () => {
    comment.hidden = !along.checked;
    if (along.checked) show();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const reason = form.querySelector(`[data-thumb="${thumb}"] select`).value || null;
    const words = along?.checked ? { send_along: true, comment: form.elements.comment.value } : {};
    if (await send({ reason, ...words }, THANKS)) close();
  });
  form.querySelector('[name="close"]').addEventListener("click", () => {
    status.textContent = THANKS;
    close();
  });

  function show() {
    form.querySelector(".actions").scrollIntoView({ block: "nearest" }); // the end of the form, no further
  }

  function close() {
    form.hidden = true;
    status.focus({ preventScroll: true }); // the button that had the focus is gone
  }
}

new MutationObserver(place).observe(document.body, { childList: true, subtree: true });
