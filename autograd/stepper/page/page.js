"use strict";

// Plays the frames that Python computed. The text of each step is in the list of steps; the data
// says what each step changes in the picture:
//   nodes    {id: {name, leaf, data, exact}}            the boxes of the picture
//   frames   [{phase, node, operand, target, changes}]  changes: [[id, text, exact, right, wrong]]
//   root     the name of the result;  mistake  whether this is a wrong pass

(() => {
  const byId = (id) => document.getElementById(id);
  const { nodes, frames, root, mistake } = JSON.parse(byId("data").textContent);
  const PAUSE = 1400; // milliseconds a step is shown while playing
  const PHASES = { given: "Given", forward: "Forward", backward: "Backward", verdict: "Verdict" };
  const items = [...byId("steps").children];
  const last = frames.length - 1;
  const boxes = new Map(); // id -> {group, data, grad, tints, title}
  let current = 0;
  let chosen = null;
  let timer = null;

  // The data and the gradients that are known after step k.
  function stateAt(k) {
    const data = new Map();
    const grads = new Map();
    for (const [id, node] of Object.entries(nodes)) {
      if (node.leaf) data.set(id, [node.data, node.exact]);
    }
    for (const frame of frames.slice(0, k + 1)) {
      for (const [id, text, exact, right, wrong] of frame.changes) {
        (frame.phase === "forward" ? data : grads).set(String(id), [text, exact, right, wrong]);
      }
    }
    return { data, grads };
  }

  // A number in full, as Python writes it.
  const parse = (exact) => Number(exact.replace("inf", "Infinity"));
  const sizes = [...stateAt(last).grads.values()].map(([, exact]) => Math.abs(parse(exact)));
  const largest = Math.max(0, ...sizes.filter(Number.isFinite));

  // As in the drawing's legend: paler with each decade below the largest gradient.
  function strength(grad) {
    const decades = Number.isFinite(grad) ? Math.log10(largest / Math.abs(grad)) : 0;
    return 1 - Math.min(Math.max(decades, 0), 3) / 3.5;
  }

  function prepareBoxes() {
    for (const [id, node] of Object.entries(nodes)) {
      const group = byId(`n${id}`);
      if (!group) continue;
      const grad = group.querySelector("text.grad");
      const tints = group.querySelectorAll(".tint");
      if (tints.length) {
        // numbers of other lengths will stand here: keep the right edge in place
        const corners = tints[tints.length - 1].getAttribute("points").split(" ");
        grad.setAttribute("x", Math.max(...corners.map(parseFloat)) - 2);
        grad.setAttribute("text-anchor", "end");
      }
      const title = document.createElementNS("http://www.w3.org/2000/svg", "title");
      group.prepend(title);
      group.setAttribute("tabindex", "0");
      group.setAttribute("role", "button");
      group.addEventListener("focus", () => choose(id));
      group.addEventListener("click", () => choose(id));
      group.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          choose(id);
        }
      });
      const data = group.querySelector("text.data");
      boxes.set(id, { node, group, data, grad, title, tints });
    }
  }

  function fillBoxes(k) {
    const { data, grads } = stateAt(k);
    const changed = new Set(frames[k].changes.map(([id]) => String(id)));
    const forward = frames[k].phase === "forward";
    for (const [id, box] of boxes) {
      const [dataText, dataExact] = data.get(id) ?? ["", "not computed yet"];
      const [gradText, gradExact, , wrong] = grads.get(id) ?? ["·", "not computed yet"];
      box.data.textContent = dataText;
      box.data.classList.toggle("changed", forward && changed.has(id));
      box.group.classList.toggle("pending", !data.has(id));
      let words = `${box.node.name}\ndata ${dataExact}`;
      if (box.grad) {
        const grad = parse(gradExact);
        box.grad.textContent = gradText;
        box.grad.classList.toggle("changed", !forward && changed.has(id));
        box.grad.classList.toggle("wrong", Boolean(wrong));
        for (const tint of box.tints) {
          tint.classList.toggle("plus", grad > 0);
          tint.classList.toggle("minus", grad < 0);
          if (grad) tint.style.fillOpacity = strength(grad);
        }
        words += `\ngradient ${gradExact}${wrong ? " (wrong)" : ""}`;
      }
      box.title.textContent = words;
      box.group.setAttribute("aria-label", words.replaceAll("\n", ", "));
    }
  }

  function highlight(k) {
    const { phase, node, operand, target } = frames[k];
    for (const active of byId("picture").querySelectorAll(".node, .edge")) {
      active.classList.remove("forward", "backward");
    }
    const mark = (id) => byId(id)?.classList.add(phase);
    if (target !== null) mark(`n${target}`);
    if (node === null) return;
    mark(`n${node}`);
    if (phase === "backward") mark(`e${node}_${operand}`);
    else for (const edge of document.querySelectorAll(`[id^="e${node}_"]`)) mark(edge.id);
    reveal(byId("picture"), byId(`n${target ?? node}`));
  }

  // Scrolls `inside` within `pane` alone, never the page around it.
  function reveal(pane, inside) {
    if (!inside) return;
    const [outer, inner] = [pane.getBoundingClientRect(), inside.getBoundingClientRect()];
    if (inner.left < outer.left || inner.right > outer.right) {
      pane.scrollLeft += (inner.left + inner.right - outer.left - outer.right) / 2;
    }
    if (inner.top < outer.top || inner.bottom > outer.bottom) {
      pane.scrollTop += (inner.top + inner.bottom - outer.top - outer.bottom) / 2;
    }
  }

  // The words of step k, as the list has them.
  function words(k) {
    return [...items[k].querySelectorAll(".text, .rule, .sum, .note")].map((part) => part.cloneNode(true));
  }

  function show(k) {
    current = Math.min(Math.max(k, 0), last);
    fillBoxes(current);
    highlight(current);
    byId("formula").replaceChildren(...words(current));
    byId("formula").className = `formula ${items[current].className}`;
    byId("phase").textContent = PHASES[frames[current].phase];
    byId("phase").className = frames[current].phase;
    byId("position").textContent = `Step ${current + 1} of ${frames.length}`;
    byId("slider").value = current + 1;
    byId("slider").setAttribute("aria-valuetext", `Step ${current + 1}: ${items[current].querySelector(".text").textContent}`);
    for (const [i, item] of items.entries()) {
      if (i === current) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    }
    reveal(byId("steps"), items[current]);
    for (const id of ["first", "previous"]) byId(id).setAttribute("aria-disabled", current === 0);
    for (const id of ["next", "last"]) byId(id).setAttribute("aria-disabled", current === last);
    if (mistake) compare(current);
    explain();
  }

  // Every term that made the gradient of the chosen node.
  function explain() {
    byId("terms").hidden = chosen === null;
    if (chosen === null) return;
    const node = nodes[chosen];
    byId("terms-heading").textContent = node.constant
      ? `The constant ${node.name}`
      : `The terms of d${root}/d${node.name}`;
    const list = byId("terms-list");
    list.replaceChildren();
    for (const [k, frame] of frames.entries()) {
      if (frame.phase !== "backward" || !frame.changes.some(([id]) => String(id) === chosen)) continue;
      const term = document.createElement("li");
      const jump = document.createElement("button");
      jump.type = "button";
      jump.append(...words(k).filter((part) => !part.matches(".note")), k > current ? " (still to come)" : "");
      jump.addEventListener("click", () => move(k));
      term.classList.toggle("to-come", k > current);
      term.append(jump);
      list.append(term);
    }
    if (!list.children.length) {
      const none = document.createElement("li");
      none.textContent = node.constant
        ? "a constant needs no gradient"
        : "no gradient arrives here in this picture";
      list.append(none);
    }
  }

  function choose(id) {
    chosen = id;
    for (const [other, box] of boxes) box.group.classList.toggle("chosen", other === id);
    explain();
  }

  // The gradients of the wrong pass so far, beside those of the right one.
  function compare(k) {
    const rows = [...stateAt(k).grads].map(([id, [text, , right, wrong]]) => {
      const row = document.createElement("tr");
      row.classList.toggle("wrong", Boolean(wrong));
      for (const cell of [`d${root}/d${nodes[id].name}`, text + (wrong ? " (wrong)" : ""), right]) {
        row.append(Object.assign(document.createElement("td"), { textContent: cell }));
      }
      return row;
    });
    byId("compared").replaceChildren(...rows);
    byId("compare").hidden = !rows.length;
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    byId("play").classList.remove("playing");
    byId("play").querySelector("span").textContent = "Play";
  }

  function play() {
    if (timer !== null) return stop();
    if (current === last) show(0);
    byId("play").classList.add("playing");
    byId("play").querySelector("span").textContent = "Pause";
    timer = setInterval(() => {
      show(current + 1);
      if (current === last) stop();
    }, PAUSE);
  }

  // A step chosen by hand ends the playing.
  function move(k) {
    stop();
    show(k);
  }

  prepareBoxes();
  for (const [k, item] of items.entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...item.firstElementChild.childNodes);
    button.addEventListener("click", () => move(k));
    item.replaceChildren(button);
  }
  byId("steps").classList.add("playable");
  byId("picture").classList.add("playable");
  byId("now").hidden = false;
  byId("first").addEventListener("click", () => move(0));
  byId("previous").addEventListener("click", () => move(current - 1));
  byId("play").addEventListener("click", play);
  byId("next").addEventListener("click", () => move(current + 1));
  byId("last").addEventListener("click", () => move(last));
  byId("slider").addEventListener("input", (event) => move(Number(event.target.value) - 1));
  const KEYS = {
    ArrowLeft: () => current - 1,
    ArrowRight: () => current + 1,
    Home: () => 0,
    End: () => last,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (event.target === byId("slider") || !(event.key in KEYS)) return; // the slider moves itself
    event.preventDefault();
    move(KEYS[event.key]());
  });
  show(0);
})();
