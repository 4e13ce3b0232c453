// Marks the cited span that the address names (#c120-245) and brings it into view. Without script, :target does most of it.
function show() {
  for (const mark of document.querySelectorAll("mark")) mark.replaceWith(...mark.childNodes);
  const span = /^#c(\d+)-(\d+)$/.exec(location.hash);
  if (!span) return;
  const [start, end] = [Number(span[1]), Number(span[2])];
  const cited = [...document.querySelectorAll(".unit")].filter((unit) => {
    const [from, to] = unit.id.slice(1).split("-").map(Number);
    return from < end && to > start;
  });
  for (const unit of cited) {
    const mark = document.createElement("mark");
    mark.append(...unit.childNodes);
    unit.append(mark);
  }
  if (cited.length) cited[0].scrollIntoView({ block: "center" });
}
if (window.self !== window.top) {
  document.documentElement.classList.add("embedded");
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") window.parent.postMessage("close-source", location.origin);
  });
}
addEventListener("hashchange", show);
show();
