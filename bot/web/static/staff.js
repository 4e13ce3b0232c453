// The console: a title for every page, and a word where the session has ended while a page was open.
(() => {
  const LOGIN = "/staff/login";

  function titled() {
    const heading = document.querySelector("h1");
    const title = heading && `${heading.textContent} · Staff console`;
    if (title && title !== document.title) document.title = title; // a new title is seen by the observer again
  }

  // Gradio writes the name of a group of boxes beside it, where screen readers do not take it for one.
  function named() {
    for (const group of document.querySelectorAll("fieldset:not([aria-label])")) {
      const name = group.querySelector('[data-testid="block-info"]');
      if (name) group.setAttribute("aria-label", name.textContent.trim());
    }
  }

  function ended() {
    if (document.getElementById("ended")) return;
    const word = document.createElement("p");
    word.id = "ended";
    word.setAttribute("role", "alert");
    word.append("Your session has ended. ");
    const link = Object.assign(document.createElement("a"), { href: LOGIN, target: "_blank", textContent: "Log in in a new tab" });
    word.append(link, ", then go on here: nothing that you typed is lost.");
    document.body.prepend(word);
  }

  const send = window.fetch;
  window.fetch = async (...given) => {
    const response = await send(...given);
    const address = new URL(response.url || location.href);
    if (address.origin === location.origin && address.pathname.startsWith("/staff/")) {
      if (response.status === 401) ended();
      else if (response.ok) document.getElementById("ended")?.remove();
    }
    return response;
  };

  new MutationObserver(() => (titled(), named())).observe(document.documentElement, { childList: true, subtree: true });
})();
