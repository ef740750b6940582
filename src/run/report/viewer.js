// The viewer of report.html and play.html: frames of p of one run, or of the members of a sweep, on a canvas, with
// sliders, read-out, zoom, scales and colours. A page holds everything without it.
(async () => {
  "use strict";
  const source = document.getElementById("frames"), place = document.getElementById("viewer");
  if (!source || !place || typeof DecompressionStream === "undefined") return;
  const data = JSON.parse(source.textContent), runs = data.runs, sweep = runs[0].number !== undefined;
  const seen = runs.filter(run => run.t.length), plane = seen[0].axes.length > 1;

  // Codes of log10 p: differences along a frame, all high bytes before all low ones, deflated, base64.
  const packed = Uint8Array.from(atob(data.bytes), c => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer()), total = bytes.length / 2;
  const codes = new Uint16Array(total);
  let filled = 0;
  for (const run of seen) {
    run.nx = run.axes[0].cells;
    run.ny = plane ? run.axes[1].cells : 1;
    run.cells = run.nx * run.ny;
    run.start = filled;
    for (let f = 0; f < run.t.length; ++f)
      for (let i = 0, last = 0; i < run.cells; ++i, ++filled)
        codes[filled] = last = (last + (bytes[filled] << 8 | bytes[total + filled])) & 65535;
  }
  const logOf = code => code === 65535 ? NaN : code === 0 ? -Infinity : data.low + (code - 1) * data.step;
  const valueOf = code => code === 0 ? 0 : 10 ** logOf(code);
  const top = data.low + 65533 * data.step, decades = Math.min(10, 65533 * data.step || 1);
  const facesOf = a => Array.from({length: a.cells + 1}, (_, i) => a.lower + Math.min(i * a.block, a.of) * (a.upper - a.lower) / a.of);
  for (const run of seen) run.faces = run.axes.map(facesOf);
  // Runs on boxes of their own share the axes of the picture.
  const axes = seen[0].axes.map((a, k) => ({...a,
    lower: Math.min(...seen.map(run => run.axes[k].lower)), upper: Math.max(...seen.map(run => run.axes[k].upper))}));
  let run = runs[runs.length - 1].t.length ? runs[runs.length - 1] : seen[seen.length - 1];

  const anchors = {
    viridis: ["440154", "414487", "2a788e", "22a884", "7ad151", "fde725"],
    cividis: ["00224e", "35456c", "666970", "948e77", "c8b866", "fee838"],
    grey: ["ffffff", "000000"],
  };
  const table = name => {
    const stops = anchors[name].map(h => [0, 2, 4].map(k => parseInt(h.substr(k, 2), 16)));
    return Array.from({length: 256}, (_, i) => {
      const at = i / 255 * (stops.length - 1), k = Math.min(Math.floor(at), stops.length - 2);
      return stops[k].map((c, j) => Math.round(c + (at - k) * (stops[k + 1][j] - c)));
    });
  };

  // What can be set.
  const make = (tag, into, more) => into.appendChild(Object.assign(document.createElement(tag), more));
  const sliderIn = (into, name, last, at) => {
    const made = make("input", into, {type: "range", min: 0, max: last, value: at, step: 1});
    made.setAttribute("aria-label", name);
    return made;
  };
  const members = sweep ? make("div", place) : null, sliders = [];
  const bar = make("div", place, {className: "controls"});
  const play = make("button", bar, {type: "button", textContent: "Play"});
  const slider = sliderIn(bar, "frame", Math.max(0, run.t.length - 1), Math.max(0, run.t.length - 1));
  const clock = make("output", bar);
  const choice = (label, names) => {
    const box = make("label", bar, {textContent: label + " "}), list = make("select", box);
    names.forEach(name => make("option", list, {textContent: name}));
    list.addEventListener("change", draw);
    return list;
  };
  const scale = choice("Scale", ["linear", "logarithmic"]), range = choice("Range of", [sweep ? "all members" : "all frames", "this frame"]);
  const map = plane ? choice("Colours", Object.keys(anchors)) : null;
  const nearer = make("button", bar, {type: "button", textContent: "+", title: "zoom in"});
  const farther = make("button", bar, {type: "button", textContent: "\u2212", title: "zoom out"});
  const whole = make("button", bar, {type: "button", textContent: "Whole"});
  const canvas = make("canvas", place);
  const readout = make("p", place, {className: "readout"});
  const hint = "Point at the picture for values; wheel zooms, dragging moves, a double click shows the whole.";
  readout.textContent = hint;

  const codeAt = (f, i) => codes[run.start + f * run.cells + i];
  const peak = f => {
    let most = 1;
    for (let i = 0; i < run.cells; ++i) {
      const c = codeAt(f, i);
      if (c !== 65535 && c > most) most = c;
    }
    return logOf(most);
  };
  const full = () => axes.map(a => [a.lower, a.upper]);
  if (peak(run.t.length - 1) < top - 1.3) range.selectedIndex = 1;  // a narrow start would hide all that follows
  let view = full(), box = null, pointer = null, drag = null, timer = 0;

  const shown = v => {
    if (!(Math.abs(v) > 0)) return String(v);
    return Math.abs(v) < 1e-3 || Math.abs(v) >= 1e5 ? v.toExponential(2) : String(Number(v.toPrecision(4)));
  };
  const ticks = (low, high, most) => {
    const raw = (high - low) / most, ten = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map(k => k * ten).find(s => s >= raw) || raw, list = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step && list.length < 50; ++k) list.push(k * step);
    return list.map(v => Math.abs(v) < 1e-9 * step ? 0 : v);
  };
  const frame = () => Number(slider.value);
  function draw() {
    const ratio = window.devicePixelRatio || 1, width = place.clientWidth, height = Math.max(220, Math.min(520, width * (plane ? 0.8 : 0.55)));
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = height + "px";
    const pen = canvas.getContext("2d"), style = getComputedStyle(place);
    pen.scale(ratio, ratio);
    pen.font = "12px sans-serif";
    const there = run.t.length > 0, faces = run.faces, nx = run.nx, ny = run.ny;
    const ink = style.color, logarithmic = scale.selectedIndex === 1, high = range.selectedIndex && there ? peak(frame()) : top;
    box = {left: 74, top: 10, width: width - 74 - (plane ? 84 : 14), height: height - 46};
    const low = logarithmic ? high - decades : 0, up = logarithmic ? high : 10 ** high * (plane ? 1 : 1.05);
    const part = code => {
      const v = logarithmic ? logOf(code) : valueOf(code);
      return Number.isNaN(v) ? NaN : Math.max(0, Math.min(1, (v - low) / (up - low || 1)));
    };
    const X = x => box.left + (x - view[0][0]) / (view[0][1] - view[0][0]) * box.width;
    const yRange = plane ? view[1] : [low, up];
    const Y = y => box.top + box.height - (y - yRange[0]) / (yRange[1] - yRange[0] || 1) * box.height;
    const words = v => !plane && logarithmic ? "1e" + Number(v.toFixed(2)) : shown(v);
    pen.fillStyle = pen.strokeStyle = ink;
    pen.textAlign = "center";
    for (const x of ticks(view[0][0], view[0][1], width / 90)) pen.fillText(shown(x), X(x), box.top + box.height + 16);
    pen.textAlign = "right";
    for (const y of ticks(yRange[0], yRange[1], height / 60)) pen.fillText(words(y), box.left - 6, Y(y) + 4);
    pen.textAlign = "center";
    pen.fillText(axes[0].title, box.left + box.width / 2, height - 4);
    pen.save();
    pen.translate(12, box.top + box.height / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText(plane ? axes[1].title : data.title, 0, 0);
    pen.restore();
    pen.save();
    pen.beginPath();
    pen.rect(box.left, box.top, box.width, box.height);
    pen.clip();
    if (!there) {
      pen.restore();
      pen.textAlign = "center";
      pen.fillText("this member has no density (" + run.status + ")", box.left + box.width / 2, box.top + box.height / 2);
    } else if (plane) {
      const colours = table(map.value), image = new ImageData(nx, ny);
      for (let j = 0; j < ny; ++j)
        for (let i = 0; i < nx; ++i) {
          const p = part(codeAt(frame(), j * nx + i)), at = 4 * ((ny - 1 - j) * nx + i);
          const [r, g, b] = Number.isNaN(p) ? [255, 0, 255] : colours[Math.round(255 * p)];
          image.data.set([r, g, b, 255], at);
        }
      const sheet = document.createElement("canvas");
      sheet.width = nx;
      sheet.height = ny;
      sheet.getContext("2d").putImageData(image, 0, 0);
      pen.imageSmoothingEnabled = false;
      const end = k => faces[k][0] + (faces[k][1] - faces[k][0]) * run.axes[k].cells;  // as if the last block were whole
      pen.drawImage(sheet, X(faces[0][0]), Y(end(1)), X(end(0)) - X(faces[0][0]), Y(faces[1][0]) - Y(end(1)));
      pen.restore();
      for (let k = 0; k < 256; ++k) {
        pen.fillStyle = `rgb(${colours[k]})`;
        pen.fillRect(box.left + box.width + 12, box.top + box.height * (1 - (k + 1) / 256), 14, box.height / 256 + 1);
      }
      pen.fillStyle = ink;
      for (const v of ticks(low, up, 6))
        pen.fillText(logarithmic ? "1e" + Number(v.toFixed(2)) : shown(v), box.left + box.width + 30, box.top + box.height * (1 - (v - low) / (up - low || 1)) + 4);
    } else {
      pen.strokeStyle = getComputedStyle(place).getPropertyValue("--curve") || ink;
      pen.lineWidth = 1.8;
      pen.beginPath();
      let down = false;
      for (let i = 0; i < nx; ++i) {
        const code = codeAt(frame(), i), v = logarithmic ? Math.max(logOf(code), low - 1) : valueOf(code);
        if (Number.isNaN(v)) { down = false; continue; }
        const x = X((faces[0][i] + faces[0][i + 1]) / 2);
        if (down) pen.lineTo(x, Y(v)); else pen.moveTo(x, Y(v));
        down = true;
      }
      pen.stroke();
      pen.restore();
    }
    pen.strokeStyle = ink;
    pen.lineWidth = 1;
    pen.strokeRect(box.left + 0.5, box.top + 0.5, box.width, box.height);
    clock.textContent = there ? "t = " + shown(run.t[frame()]) : "";
    tell();
  }

  const cellAt = (k, x) => {
    const axis = run.axes[k];
    if (!axis || !run.t.length || !(x >= axis.lower && x <= axis.upper)) return -1;
    return Math.min(axis.cells - 1, Math.floor((x - axis.lower) / (axis.upper - axis.lower) * axis.of / axis.block));
  };
  const under = at => [
    view[0][0] + (at[0] - box.left) / box.width * (view[0][1] - view[0][0]),
    plane ? view[1][1] - (at[1] - box.top) / box.height * (view[1][1] - view[1][0]) : 0,
  ];
  function tell() {
    if (!pointer) { readout.textContent = hint; return; }
    const at = under(pointer), i = cellAt(0, at[0]), j = plane ? cellAt(1, at[1]) : 0;
    if (i < 0 || j < 0) { readout.textContent = hint; return; }
    const code = codeAt(frame(), j * run.nx + i);
    const value = code === 65535 ? "not a number" : code === 0 ? "0, or below what is kept" : shown(valueOf(code));
    readout.textContent = axes.map((a, k) => a.name + " = " + shown(at[k]) + (a.unit ? " " + a.unit : "")).join(", ") + ": p = " + value;
  }
  const zoom = (factor, at) => {
    view = view.map(([a, b], k) => {
      const middle = at ? at[k] : (a + b) / 2, [first, last] = full()[k];
      if ((b - a) * factor < (last - first) / 1e4) return [a, b];
      return [Math.max(first, middle + (a - middle) * factor), Math.min(last, middle + (b - middle) * factor)];
    });
    draw();
  };
  const placeOf = event => {
    const edge = canvas.getBoundingClientRect();
    return [event.clientX - edge.left, event.clientY - edge.top];
  };
  canvas.addEventListener("pointermove", event => {
    pointer = placeOf(event);
    if (drag) {
      const [from, start] = drag;
      view = start.map(([a, b], k) => {
        const [first, last] = full()[k], long = k === 0 ? -(pointer[0] - from[0]) / box.width : (pointer[1] - from[1]) / box.height;
        const by = Math.max(first - a, Math.min(last - b, long * (b - a)));
        return [a + by, b + by];
      });
      draw();
    } else tell();
  });
  canvas.addEventListener("pointerdown", event => { drag = [placeOf(event), view.map(v => [...v])]; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointerup", () => { drag = null; });
  canvas.addEventListener("pointerleave", () => { pointer = null; tell(); });
  canvas.addEventListener("wheel", event => { event.preventDefault(); zoom(event.deltaY < 0 ? 0.8 : 1.25, under(placeOf(event))); }, {passive: false});
  canvas.addEventListener("dblclick", () => { view = full(); draw(); });
  nearer.addEventListener("click", () => zoom(0.7));
  farther.addEventListener("click", () => zoom(1 / 0.7));
  whole.addEventListener("click", () => { view = full(); draw(); });
  slider.addEventListener("input", draw);

  // The member that the sliders stand at, its row of the table beside the picture and in the whole table.
  const head = members && make("p", members, {className: "member"});
  const rowOf = () => [...document.querySelectorAll("#members tbody tr")][runs.indexOf(run)];
  const row = members && make("table", make("div", members, {className: "wide"}), {id: "selected", className: "rows"});
  const show = () => {
    row.replaceChildren();
    const names = make("tr", make("thead", row)), values = make("tr", make("tbody", row), {className: run.status});
    data.columns.forEach((name, k) => {
      make("th", names, {textContent: name});
      make("td", values, {textContent: run.row[k]});
    });
    head.textContent = "Member " + run.number + ": " + run.status + (run.t.length ? "" : ", without a density" + (run.why ? ": " + run.why : ""));
    head.className = "member " + run.status;
    document.querySelectorAll("#members .chosen").forEach(r => r.classList.remove("chosen"));
    rowOf()?.classList.add("chosen");
  };
  const choose = next => {
    const end = Number(slider.value) === Number(slider.max), t = run.t[frame()];
    run = next;
    const last = Math.max(0, run.t.length - 1);
    let near = last;
    if (!end && t !== undefined) run.t.forEach((u, f) => { if (Math.abs(u - t) < Math.abs(run.t[near] - t)) near = f; });
    slider.max = last;
    slider.value = near;
    show();
    draw();
  };
  if (sweep) {
    const named = data.keys.length ? data.keys : [{name: "member", values: runs.map(r => String(r.number))}];
    const at = data.keys.length ? run.at : [runs.indexOf(run)];
    named.forEach((key, k) => {
      const line = make("label", members, {className: "controls"});
      make("span", line, {textContent: key.name});
      const one = sliderIn(line, key.name, key.values.length - 1, at[k]), value = make("output", line, {textContent: key.values[at[k]]});
      sliders.push(one);
      one.addEventListener("input", () => {
        value.textContent = key.values[Number(one.value)];
        choose(data.keys.length ? runs.find(r => r.at.every((i, j) => i === Number(sliders[j].value))) : runs[Number(one.value)]);
      });
    });
    members.append(head, row.parentElement);
    show();
  }
  play.addEventListener("click", () => {
    if (timer) { clearInterval(timer); timer = 0; play.textContent = "Play"; return; }
    play.textContent = "Pause";
    timer = setInterval(() => { slider.value = (frame() + 1) % Math.max(1, run.t.length); draw(); }, Math.max(40, Math.min(400, 6000 / run.t.length)));
  });
  new ResizeObserver(() => draw()).observe(place);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  place.hidden = false;
  draw();
})();
