/*
 * The time line: lanes per host, CPU and context, calls as nested spans (timeline_paint.js draws them).
 *
 * Two scales: "order" gives each event the same room, so that calls that take no virtual time can be read; "time" is
 * virtual time.
 */
"use strict";

class Timeline extends TimelinePainter {
  constructor(app) {
    super();
    this.app = app;
    this.run = app.run;
    this.root = document.getElementById("timeline");
    this.overview = document.getElementById("overview");
    this.scroller = document.getElementById("tl-scroll");
    this.spacer = document.getElementById("tl-spacer");
    this.pane = document.getElementById("tl-pane");
    this.gutter = document.getElementById("tl-gutter");
    this.canvas = document.getElementById("tl-canvas");
    this.cursor = document.getElementById("tl-cursor");
    this.tip = document.getElementById("tip");
    this.colorTracks();
    this.items = [];
    this.density = null;
    this.coarse = 1;
    this.listen();
  }

  /* ---- the view ---- */

  setView(x0, x1) {
    const [lo, hi] = this.bounds(), least = this.ordered ? 8 : 20;
    const width = Math.min(Math.max(x1 - x0, least), hi - lo);
    const from = Math.min(Math.max(x0, lo), hi - width);
    Object.assign(this.app.state, { x0: from, x1: from + width });
    this.app.changed();
    this.invalidate();
  }

  fit() {
    this.setView(...this.bounds());
  }

  zoom(factor, at = 0.5) {
    const { x0, x1 } = this.app.state, middle = x0 + (x1 - x0) * at, width = (x1 - x0) * factor;
    this.setView(middle - width * at, middle + width * (1 - at));
  }

  pan(part) {
    const { x0, x1 } = this.app.state, d = (x1 - x0) * part;
    this.setView(x0 + d, x1 + d);
  }

  /* Changes between the scales; what is in view stays there. */
  setScale(scale) {
    if (scale === this.app.state.scale) return;
    const { run } = this, { x0, x1 } = this.app.state;
    const a = this.placeAt(x0), b = this.placeAt(x1);
    this.app.state.scale = scale;
    this.density = null;
    if (this.ordered) this.setView(a, Math.max(b, a + 1));
    else this.setView(run.time[a], run.time[b]);
    this.app.updateControls();
  }

  /* Brings event i into view: its lane is opened, and it gets some room. */
  reveal(i, zoomIn = false) {
    const { run, app } = this, lane = run.lanes[run.lane[i]];
    app.showLane(lane);
    app.state.open.add(lane.index);
    this.layout();
    const a = this.start(i), b = Math.max(this.stop(i), a + 1);
    let { x0, x1 } = app.state;
    const room = Math.max((b - a) * 1.2, this.ordered ? 24 : 100);
    if (zoomIn || (b - a) / (x1 - x0) * this.width < 3) {
      const width = zoomIn ? room : Math.min(x1 - x0, Math.max(room, (b - a) * this.width / 40));
      const left = zoomIn ? a - (width - (b - a)) / 2 : a - width * 0.25;
      this.setView(left, left + width);
    } else if (a < x0 || b > x1) {
      const width = Math.max(x1 - x0, room);
      const left = Math.max(a - width * 0.1, Math.min(a - width * 0.1, b));
      this.setView(left, left + width);
    }
    this.revealRow(i);
    this.invalidate();
  }

  revealRow(i) {
    const y = this.yOf(i);
    if (y === null) return;
    const top = this.scroller.scrollTop, height = this.scroller.clientHeight - RULER;
    if (y < top + 4 || y + ROW_BIG > top + height) this.scroller.scrollTop = Math.max(0, y - height / 3);
  }

  /* ---- layout ---- */

  rowHeight(lane) {
    if (lane.kind === LANE.CPU || lane.kind === LANE.CARD) return ROW_FLAT;
    if (this.app.state.open.has(lane.index)) return ROW_BIG;
    return lane.kind === LANE.BOOT || (lane.kind === LANE.TASK && !lane.program) ? ROW_TINY : ROW_SMALL;
  }

  layout() {
    const { run, app } = this;
    let y = 0;
    this.items = [];
    this.laneItem = new Map();
    for (const host of run.hosts) {
      if (app.state.hiddenHosts.has(host.name)) continue;
      this.items.push({ host, y, height: HOST_HEIGHT });
      y += HOST_HEIGHT + 2;
      for (const lane of host.lanes) {
        if (!app.laneShown(lane) || lane.rows === 0 || app.state.closed.has(host.name)) continue;
        const rowH = this.rowHeight(lane), height = Math.max(lane.rows * rowH, 15);
        const item = { host, lane, y, height, rowH };
        this.items.push(item);
        this.laneItem.set(lane.index, item);
        y += height + LANE_GAP;
      }
      y = this.layoutSeries(host, y) + 6;
    }
    this.height = y;
    this.spacer.style.height = y + RULER + "px";
    this.resize();
  }

  /* The values of a host: a line that opens them, and then a lane for each. */
  layoutSeries(host, y) {
    const { state } = this.app;
    if (!host.series.length || state.closed.has(host.name) || state.hiddenContexts.has(LANE.VALUE)) return y;
    this.items.push({ host, values: true, y, height: 15 });
    y += 15 + LANE_GAP;
    if (!state.values.has(host.name)) return y;
    for (const series of host.series) {
      this.items.push({ host, series, y, height: VALUE_HEIGHT });
      y += VALUE_HEIGHT + LANE_GAP;
    }
    return y;
  }

  resize() {
    const w = Math.max(50, this.scroller.clientWidth - GUTTER), h = this.scroller.clientHeight;
    this.pane.style.height = h + "px";
    this.width = w;
    this.viewHeight = h;
    sizeCanvas(this.canvas, w, h);
    sizeCanvas(this.overview, this.overview.parentElement.clientWidth - GUTTER, this.overview.clientHeight || 44);
    this.drawGutter();
    this.invalidate();
  }

  row(i) {
    const k = this.run.kindOf(i);
    return k === EV.TX ? 0 : k === EV.RX ? 1 : Math.min(this.run.row[i], this.run.lanes[this.run.lane[i]].rows - 1);
  }

  /* The top of an event's row, in the whole of the lanes; null when its lane is not shown. */
  yOf(i) {
    const item = this.laneItem.get(this.run.lane[i]);
    return item ? item.y + Math.max(0, this.row(i)) * item.rowH : null;
  }

  /* ---- the names of the lanes ---- */

  drawGutter() {
    const { app } = this, top = this.scroller.scrollTop, parts = [];
    for (const item of this.items) {
      const y = item.y - top + RULER;
      if (y + item.height < 0 || y > this.viewHeight) continue;
      parts.push(item.lane ? this.laneLabel(item, y) : item.series ? this.seriesLabel(item, y) : item.values ?
        this.valuesLabel(item, y) : this.hostLabel(item, y));
    }
    const focused = document.activeElement?.dataset?.key;
    this.gutter.replaceChildren(...parts);
    if (focused) this.gutter.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    document.getElementById("tl-empty").hidden = this.items.some((i) => i.lane) || app.state.closed.size > 0;
  }

  hostLabel(item, y) {
    const { app } = this, closed = app.state.closed.has(item.host.name);
    return element("button", { class: "host-label", style: `top:${y}px;height:${item.height}px`,
      "aria-expanded": !closed, "data-key": "h" + item.host.index, title: `${closed ? "Show" : "Hide"} the lanes of ` +
      item.host.name, onclick: () => { app.toggle(app.state.closed, item.host.name); this.layout(); } },
    element("span", { class: "twist" }, closed ? "\u25b8" : "\u25be"), item.host.name);
  }

  valuesLabel(item, y) {
    const { app } = this, open = app.state.values.has(item.host.name);
    return element("button", { class: "lane-label", style: `top:${y}px;height:15px`, "aria-expanded": open,
      "data-key": "v" + item.host.index, title: open ? "Hide the values" : "Show how windows, queues and states changed",
      onclick: () => { app.toggle(app.state.values, item.host.name); this.layout(); } },
    element("span", { class: "lane-name" }, element("i", { class: "swatch value" }), `values (${item.host.series.length})`,
      element("span", { class: "twist" }, open ? "\u2212" : "+")));
  }

  seriesLabel(item, y) {
    const s = item.series;
    return element("div", { class: "series-label", style: `top:${y}px;height:${item.height}px`,
      title: `${s.name} of ${s.of || item.host.name}` + (s.states ? "" : `, at most ${this.run.valueText(s, s.most)}`) },
    element("div", {}, element("b", {}, s.name), s.states ? "" : element("i", { class: "muted" }, "\u2264 " +
      this.run.valueText(s, s.most, true))), element("span", { class: "muted" }, s.of || item.host.name));
  }

  laneLabel(item, y) {
    const { app } = this, { lane } = item, open = app.state.open.has(lane.index);
    const flat = lane.kind === LANE.CPU || lane.kind === LANE.CARD;
    const top = Math.min(Math.max(y, RULER + 1), y + item.height - 15); // in view as long as the lane is
    const style = `top:${top}px;height:${Math.max(15, y + item.height - top)}px`;
    const swatch = element("i", { class: "swatch ctx-" + lane.kind });
    if (flat) return element("div", { class: "lane-label", style }, element("span", { class: "lane-name" }, swatch,
      lane.title));
    return element("button", { class: "lane-label", style, "aria-expanded": open, "data-key": "l" + lane.index,
      title: (open ? "Make the rows small" : "Make the rows legible") + ": " + lane.title,
      onclick: () => { app.toggle(app.state.open, lane.index); this.layout(); } },
    element("span", { class: "lane-name" }, swatch, lane.title, element("span", { class: "twist" }, open ? "\u2212" :
      "+")));
  }

  /* ---- what the user does ---- */

  listen() {
    this.scroller.addEventListener("scroll", () => {
      this.drawGutter();
      this.invalidate();
      this.app.changed();
    });
    new ResizeObserver(() => { if (!this.root.hidden) this.resize(); }).observe(this.scroller);
    this.canvas.addEventListener("wheel", (e) => this.onWheel(e), { passive: false });
    this.canvas.addEventListener("pointerdown", (e) => this.onDown(e));
    this.canvas.addEventListener("pointermove", (e) => this.onMove(e));
    this.canvas.addEventListener("pointerleave", () => this.hideTip());
    this.canvas.addEventListener("dblclick", (e) => {
      const i = this.hit(e.offsetX, e.offsetY);
      if (i >= 0) this.reveal(i, true);
    });
    const jump = (e) => {
      const [lo, hi] = this.bounds(), { x0, x1 } = this.app.state;
      const at = lo + (hi - lo) * e.offsetX / this.overview.clientWidth;
      this.setView(at - (x1 - x0) / 2, at + (x1 - x0) / 2);
    };
    this.overview.addEventListener("pointerdown", (e) => {
      this.overview.setPointerCapture(e.pointerId);
      jump(e);
    });
    this.overview.addEventListener("pointermove", (e) => { if (e.buttons & 1) jump(e); });
  }

  onWheel(e) {
    if (e.shiftKey) return; // the lanes scroll
    e.preventDefault();
    if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) this.pan(e.deltaX / this.width);
    else this.zoom(Math.exp(Math.sign(e.deltaY) * Math.min(Math.abs(e.deltaY), 100) / 300), e.offsetX / this.width);
  }

  onDown(e) {
    if (e.button !== 0) return;
    this.canvas.setPointerCapture(e.pointerId);
    this.drag = { x: e.clientX, y: e.clientY, x0: this.app.state.x0, x1: this.app.state.x1,
      top: this.scroller.scrollTop, moved: false, from: e.offsetX, range: e.shiftKey || e.offsetY < RULER };
    this.canvas.addEventListener("pointerup", (up) => this.onUp(up), { once: true });
  }

  onMove(e) {
    if (!this.drag) {
      this.hover(e);
      return;
    }
    const d = this.drag, dx = e.clientX - d.x, dy = e.clientY - d.y;
    if (!d.moved && Math.hypot(dx, dy) < 4) return;
    d.moved = true;
    this.hideTip();
    if (d.range) {
      this.cursor.hidden = false;
      this.cursor.className = "range";
      Object.assign(this.cursor.style, { left: GUTTER + Math.min(d.from, e.offsetX) + "px",
        width: Math.abs(e.offsetX - d.from) + "px" });
      return;
    }
    const shift = dx / this.width * (d.x1 - d.x0);
    this.setView(d.x0 - shift, d.x1 - shift);
    this.scroller.scrollTop = d.top - dy;
  }

  onUp(e) {
    const d = this.drag;
    this.drag = null;
    this.cursor.hidden = true;
    if (!d) return;
    if (!d.moved) {
      this.canvas.focus({ preventScroll: true });
      const i = this.hit(e.offsetX, e.offsetY);
      const { side } = this.app.state, frame = this.run.frameOf.has(i);
      this.app.select(i, { reveal: false, side: frame && side === "call" ? "bytes" : undefined });
    } else if (d.range) {
      const at = (px) => d.x0 + (d.x1 - d.x0) * px / this.width;
      this.setView(at(Math.min(d.from, e.offsetX)), at(Math.max(d.from, e.offsetX)));
    }
  }

  /* The event at a point of the canvas, or -1. */
  hit(px, py) {
    if (py < RULER) return -1;
    const y = py + this.top, item = this.items.find((i) => i.lane && y >= i.y && y < i.y + i.height);
    if (!item) return -1;
    const { x0, x1 } = this.app.state, value = x0 + (x1 - x0) * px / this.width, slack = (x1 - x0) / this.width * 4;
    const { lane } = item, r = Math.floor((y - item.y) / item.rowH);
    const near = (list, n, reach) => {
      let best = -1, least = reach;
      for (let m = Math.max(0, firstWhere(0, n, (j) => this.stop(list[j]) >= value - reach) - 1); m < n; m++) {
        const a = this.start(list[m]), b = this.stop(list[m]);
        if (a > value + reach) break;
        const d = value < a ? a - value : value > b ? value - b : 0;
        if (d < least || (d === 0 && best < 0)) {
          best = list[m];
          least = d;
        }
        if (d === 0 && a <= value) break;
      }
      return best;
    };
    if (lane.kind === LANE.CPU) return near(lane.marks.list, lane.marks.n, slack);
    const drop = near(lane.drops.list, lane.drops.n, slack);
    if (drop >= 0 && (lane.kind === LANE.CARD || this.row(drop) === r)) return drop;
    const track = lane.tracks[Math.min(r, lane.tracks.length - 1)];
    return track ? near(track.list, track.n, lane.kind === LANE.CARD ? slack * 2 : slack) : -1;
  }

  hover(e) {
    const { run } = this, i = this.hit(e.offsetX, e.offsetY);
    const { x0, x1 } = this.app.state, value = this.valueUnder(e);
    this.cursor.hidden = false;
    this.cursor.className = "line";
    Object.assign(this.cursor.style, { left: GUTTER + e.offsetX + "px", width: "1px" });
    if (value) {
      this.showTip(e, value);
      return;
    }
    if (i < 0 && e.offsetY >= RULER) {
      this.tip.hidden = true;
      return;
    }
    if (i < 0) {
      this.showTip(e, [element("b", {}, this.run.clock(this.timeAt(x0 + (x1 - x0) * e.offsetX / this.width)))]);
      return;
    }
    const packet = run.packetOf(i), frame = run.frameOf.get(i), took = run.endTime(i) - run.time[i];
    this.showTip(e, [
      element("b", {}, run.kindOf(i) === EV.SYSCALL ? this.callText(i) : run.name(i)),
      frame ? element("div", { class: "mono" }, this.app.frameLabel(frame.index)) : "",
      run.isCall(i) ? element("div", {}, run.fns[run.fn[i]].what) : "",
      element("div", { class: "muted" }, formatTime(run.time[i]) + (took ? ", takes " + formatTime(took) : "") +
        (packet ? ", packet " + packet : "")),
    ]);
  }

  /* What to say of a value under the pointer, or null. */
  valueUnder(e) {
    const { run } = this, { x0, x1 } = this.app.state, y = e.offsetY + this.top;
    const item = e.offsetY < RULER ? null : this.items.find((i) => i.series && y >= i.y && y < i.y + i.height);
    if (!item) return null;
    const place = this.placeAt(x0 + (x1 - x0) * e.offsetX / this.width), v = run.valueAt(item.series, place);
    return [element("b", {}, `${item.series.name}: ${v === undefined ? "not yet known" : run.valueText(item.series, v)}`),
      element("div", { class: "muted" }, `${item.series.of || item.host.name}, ` + run.clock(run.time[place]))];
  }

  showTip(e, parts) {
    this.tip.replaceChildren(...parts);
    this.tip.hidden = false;
    const { innerWidth, innerHeight } = window, w = this.tip.offsetWidth, h = this.tip.offsetHeight;
    this.tip.style.left = Math.max(4, Math.min(e.clientX + 14, innerWidth - w - 8)) + "px";
    this.tip.style.top = (e.clientY + 18 + h > innerHeight ? e.clientY - h - 10 : e.clientY + 18) + "px";
  }

  hideTip() {
    this.tip.hidden = true;
    if (!this.drag) this.cursor.hidden = true;
  }
}
