// The page reads without this; here are only seeking by click, the playhead and opening what a link points to.
(() => {
  "use strict";
  const shown = (line, x) => { line.classList.add("on"); line.setAttribute("x1", x); line.setAttribute("x2", x); };

  function seek(call, seconds) {
    const audio = call.querySelector("audio");
    if (!audio) return;
    const go = () => { audio.currentTime = Math.max(0, Math.min(seconds, audio.duration || seconds)); audio.play().catch(() => {}); };
    if (audio.readyState > 0) go(); else { audio.addEventListener("loadedmetadata", go, { once: true }); audio.load(); }
  }

  function follow(call) {
    const audio = call.querySelector("audio"), svg = call.querySelector(".picture svg");
    if (!audio) return;
    const said = [...call.querySelectorAll("[data-from]:not(svg)")];
    const move = () => {
      const now = audio.currentTime;
      if (svg && audio.duration > 0) {
        const at = +svg.dataset.from + Math.min(1, now / +svg.dataset.length) * +svg.dataset.plot;
        shown(svg.querySelector(".head"), at);
      }
      const last = Math.max(...said.map((one) => +one.dataset.from).filter((from) => from <= now + 0.05));
      said.forEach((one) => one.classList.toggle("now", +one.dataset.from === last));
      if (!audio.paused) requestAnimationFrame(move);
    };
    for (const kind of ["play", "seeked", "pause"]) audio.addEventListener(kind, move);
  }

  function reveal() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    target.scrollIntoView();
  }

  document.addEventListener("click", (event) => {
    const call = event.target.closest(".call"), cue = event.target.closest("[data-at]"), svg = event.target.closest(".picture svg");
    if (call && cue) {
      if (call.querySelector("audio")) { event.preventDefault(); seek(call, +cue.dataset.at); }
    } else if (call && svg) {
      const box = svg.getBoundingClientRect(), x = (event.clientX - box.left) * svg.viewBox.baseVal.width / box.width;
      seek(call, Math.max(0, (x - svg.dataset.from) / svg.dataset.plot * svg.dataset.length));
    }
  });
  document.querySelectorAll(".call").forEach(follow);
  addEventListener("hashchange", reveal);
  reveal();
})();
