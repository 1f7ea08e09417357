/*
 * How the time line is drawn, on a canvas. Only what is in view is drawn, and of what is narrower than a pixel one
 * rectangle a pixel: the cost of a picture hangs on its size, not on the run's.
 */
"use strict";

const RULER = 26, GUTTER = 176, HOST_HEIGHT = 22, LANE_GAP = 5, VALUE_HEIGHT = 30;
const ROW_TINY = 1, ROW_SMALL = 3, ROW_BIG = 16, ROW_FLAT = 13;
const LAYERS = ["program", "application", "transport", "internet", "interface", "skb", "kernel", "netfilter", "packet",
  "nic-model", "wire", "core", "lua", "other"];
const DIMMED = LAYERS.length, STEPS = LAYERS.length + 1; // colours beside the layers
const MAX_ARROWS = 250; // of frames in view
const SLOW = 24; // ms for a picture: less than 30 a second with what the browser adds

/* What the time line looks like; class Timeline (timeline.js) has its lanes, and what the user does. */
class TimelinePainter {
  /* The colour of each span: its layer's number, or that of steps. */
  colorTracks() {
    const { run } = this, layers = run.fns.map((fn) => {
      const k = LAYERS.indexOf(fn.layer);
      return k < 0 ? LAYERS.length - 1 : k;
    });
    for (const lane of run.lanes)
      for (const track of lane.tracks) {
        track.colors = Uint8Array.from(track.list, (i) => {
          const k = run.kind[i] & EV.KIND;
          return k === EV.STEP ? STEPS : k < EV.STEP ? layers[run.fn[i]] ?? LAYERS.length - 1 : 0;
        });
        track.ends = Uint32Array.from(track.list, (i) => run.end[i]);
      }
  }

  /* ---- scale ---- */

  get ordered() {
    return this.app.state.scale === "order";
  }

  /* Where the run begins and ends on the scale. */
  bounds() {
    const { run } = this;
    return this.ordered ? [0, run.n] : [run.time[0] ?? 0, Math.max(run.time[run.n], (run.time[0] ?? 0) + 1000)];
  }

  start(i) {
    return this.ordered ? i : this.run.time[i];
  }

  stop(i) {
    return this.ordered ? this.run.end[i] : this.run.endTime(i);
  }

  x(value) {
    const { x0, x1 } = this.app.state;
    return (value - x0) / (x1 - x0) * this.width;
  }

  /* The first event at or after a value of the scale. */
  placeAt(value) {
    const { run } = this;
    if (this.ordered) return Math.min(run.n, Math.max(0, Math.floor(value)));
    const k = firstWhere(0, run.changes.length, (m) => run.changeTimes[m] >= value);
    return k < run.changes.length ? run.changes[k] : run.n;
  }

  timeAt(value) {
    return this.ordered ? this.run.time[this.placeAt(value)] : value;
  }

  /* ---- drawing ---- */

  invalidate() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      if (!this.root.hidden) this.draw();
    });
  }

  /*
   * Where a picture takes too long to be fluid, the ones that follow it are coarser: columns of several pixels. A fine
   * one follows when nothing has moved for a moment.
   */
  draw(fine = false) {
    const began = performance.now();
    clearTimeout(this.refining);
    if (!this.canvas.width || !this.canvas.height) return; // another view is shown
    this.columnWidth = fine ? 1 : this.coarse;
    const g = this.canvas.getContext("2d"), colors = this.app.colors;
    g.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    g.font = "11px " + colors.mono;
    g.textBaseline = "middle";
    this.charWidth = g.measureText("m").width;
    this.top = this.scroller.scrollTop - RULER;
    this.texts = [];
    this.paintSpans(g, colors);
    this.paintTexts(g, colors);
    this.drawCpuLanes(g, colors);
    this.drawSeries(g, colors);
    this.drawFrames(g, colors);
    this.drawMarks(g, colors);
    this.drawSelection(g, colors);
    this.drawRuler(g, colors);
    this.drawOverview();
    this.drawTime = performance.now() - began;
    if (this.columnWidth > 1) this.refining = setTimeout(() => this.draw(true), 200);
    if (!fine && this.drawTime > SLOW) this.coarse = Math.min(8, this.coarse * 2);
    else if (!fine && this.drawTime < SLOW / 4) this.coarse = Math.max(1, this.coarse / 2);
  }

  /* The grid, the hosts' bars and the spans go into an image, pixel by pixel: there are many of them. */
  paintSpans(g, colors) {
    const { width, height } = this.canvas;
    if (this.image?.width !== width || this.image.height !== height) {
      this.image = new ImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.ratio = devicePixelRatio;
    this.dimming = this.app.dimming;
    this.pixels.fill(colors.pixel.page);
    this.setRows(RULER, this.viewHeight);
    for (const [px] of this.ticks()) this.bar(px * this.ratio, (px + 1) * this.ratio, colors.pixel.grid);
    this.findColumns();
    for (const item of this.items) {
      const y = item.y - this.top;
      if (y + item.height < RULER) continue;
      if (y > this.viewHeight) break;
      if (item.lane) {
        if (item.lane.kind !== LANE.CPU && item.lane.kind !== LANE.CARD) this.paintLane(item, y, colors);
      } else if (!item.series && !item.values) {
        this.setRows(y, HOST_HEIGHT);
        this.bar(0, width, colors.pixel.bar);
      }
    }
    g.putImageData(this.image, 0, 0);
  }

  /* The rows of the device's pixels that bars fill from now on. */
  setRows(y, height) {
    this.rowFrom = Math.max(0, Math.round(y * this.ratio));
    this.rowTo = Math.min(this.image.height, Math.max(this.rowFrom + 1, Math.round((y + height) * this.ratio)));
    this.pitch = this.image.width;
  }

  /* Fills the device's pixels from x1 to x2 in these rows. */
  bar(x1, x2, pixel) {
    const { pixels, pitch, rowTo } = this;
    const left = Math.max(0, Math.round(x1)), right = Math.min(pitch, Math.max(left + 1, Math.round(x2)));
    for (let row = this.rowFrom; row < rowTo; row++) {
      if (right - left > 16) pixels.fill(pixel, row * pitch + left, row * pitch + right);
      else for (let at = row * pitch + left, to = row * pitch + right; at < to; at++) pixels[at] = pixel;
    }
  }

  /* For each column of the device's pixels the first place that lies in it or after it. */
  findColumns() {
    const { width } = this.canvas, { x0, x1 } = this.app.state, { changes, changeTimes, n } = this.run;
    if (this.columns?.length !== width + 1) this.columns = new Float64Array(width + 1);
    const step = (x1 - x0) / width;
    if (this.ordered) {
      for (let c = 0; c <= width; c++) this.columns[c] = x0 + c * step;
      return;
    }
    let k = firstWhere(0, changes.length, (m) => changeTimes[m] >= x0);
    for (let c = 0; c <= width; c++) {
      while (k < changes.length && changeTimes[k] < x0 + c * step) k++;
      this.columns[c] = k < changes.length ? changes[k] : n + 1;
    }
  }

  paintLane(item, y, colors) {
    const { lane, rowH } = item;
    for (let r = 0; r < lane.rows; r++) {
      const top = y + r * rowH;
      if (top + rowH >= RULER && top <= this.viewHeight) this.paintTrack(lane.tracks[r], top, rowH, colors);
    }
  }

  /* The spans of a row that are in view: of those narrower than a pixel the first in each column. */
  paintTrack(track, y, rowH, colors) {
    const { x0, x1 } = this.app.state, { list, ends, n } = track, { columns, ordered, pitch: width, ratio, dimming } = this;
    const { time, kind } = this.run, { columnWidth } = this, k = width / (x1 - x0), fills = colors.pixel.fills;
    const legible = rowH >= ROW_FLAT, least = 3 * this.charWidth * ratio;
    this.setRows(y, rowH > 6 ? rowH - 1 : rowH);
    let m = firstWhere(0, n, (j) => (ordered ? ends[j] : this.stop(list[j])) >= x0);
    let runX = 0, runTo = -1, runColor = -1;
    for (; m < n; m++) {
      const i = list[m], left = ((ordered ? i : time[i]) - x0) * k;
      if (left >= width) break;
      const right = ((ordered ? ends[m] : time[ends[m] - (kind[i] & EV.TIGHT ? 1 : 0)]) - x0) * k;
      const color = dimming && this.app.dims(i, LAYERS[track.colors[m]]) ? DIMMED : track.colors[m];
      const column = Math.max(0, Math.floor(left / columnWidth) * columnWidth), wide = right - left >= 1.5 * columnWidth;
      if (runTo >= 0 && (wide || color !== runColor || column > runTo)) {
        this.bar(runX, runTo, fills[runColor]);
        runTo = -1;
      }
      if (wide) {
        this.bar(left, Math.min(right, width + 2) - (right - left > 3 ? ratio : 0), fills[color]);
        if (legible && right - left > least)
          this.texts.push([i, left / ratio, Math.min(right, width) / ratio, y, color]);
        continue;
      }
      if (runTo < 0) {
        runX = column;
        runColor = color;
      }
      runTo = column + columnWidth;
      m = lastWithin(list, ends, m, n, columns[Math.min(width, runTo)]);
    }
    if (runTo >= 0) this.bar(runX, runTo, fills[runColor]);
  }

  paintTexts(g, colors) {
    const { run } = this;
    for (const [i, left, right, y, color] of this.texts) {
      const from = Math.max(left, 0) + 3, room = Math.floor((right - from - 2) / this.charWidth);
      if (room < 2) continue;
      const name = run.kindOf(i) === EV.SYSCALL ? this.callText(i) : run.name(i);
      g.fillStyle = colors.inks[color];
      g.fillText(name.length <= room ? name : name.slice(0, room - 1) + "\u2026", from, y + (ROW_BIG - 1) / 2);
    }
  }

  /* "write(100) = 100" */
  callText(i) {
    const { run } = this, end = run.end[i];
    if (run.kind[i] & EV.OPEN) return run.name(i) + " \u2026";
    return run.name(i) + (end < run.n && run.kindOf(end) === EV.RET && run.lane[end] === run.lane[i] ?
      " " + run.name(end) : "");
  }

  /* Who has the CPU: tasks, and over them softirqs and hard interrupts. */
  drawCpuLanes(g, colors) {
    for (const item of this.items) {
      const y = item.y - this.top;
      if (!item.lane || item.lane.kind !== LANE.CPU || y + item.height < RULER || y > this.viewHeight) continue;
      g.fillStyle = colors.idle;
      g.fillRect(0, y + 5, this.width, 3);
      this.eachTaskRun(item.lane, this.cpuRects(g, colors.task, y));
      for (const lane of item.host.lanes)
        if (lane.kind === LANE.SOFTIRQ || lane.kind === LANE.IRQ || lane.kind === LANE.BOOT)
          this.eachRoot(lane, this.cpuRects(g, lane.kind === LANE.IRQ ? colors.irq : lane.kind === LANE.BOOT ? colors.task :
            colors.softirq, y));
    }
  }

  /* A function that draws who has the CPU between two values of the scale; called with nothing it draws the rest. */
  cpuRects(g, color, y) {
    let runX = 0, runW = 0;
    const flush = () => {
      g.fillStyle = color;
      if (runW) g.fillRect(runX, y, runW, ROW_FLAT);
      runW = 0;
    };
    return (from, to, lane) => {
      if (from === undefined) return flush();
      const left = Math.max(-1, this.x(from)), width = Math.min(this.width + 1, this.x(to)) - left;
      if (width < 2) { // what lies side by side becomes one
        const column = Math.floor(left);
        if (runW && column <= runX + runW) {
          runW = Math.max(runW, column + 1 - runX);
          return undefined;
        }
        flush();
        runX = column;
        runW = 1;
        return undefined;
      }
      flush();
      g.fillRect(left, y, width - (width > 3 ? 1 : 0), ROW_FLAT);
      const title = lane.kind === LANE.TASK ? lane.name : lane.title;
      if (width > title.length * this.charWidth + 8) {
        g.fillStyle = "#fff";
        g.fillText(title, Math.max(left, 0) + 4, y + ROW_FLAT / 2);
      }
      return undefined;
    };
  }

  /* Calls f(from, to, lane) for the times in view during which a task had the CPU, at most one a pixel; f() ends it. */
  eachTaskRun(lane, f) {
    const { run } = this, { x0, x1 } = this.app.state, { list, n } = lane.switches;
    const at = (m) => this.start(list[m]), pixel = (x1 - x0) / this.width;
    for (let m = Math.max(0, firstWhere(0, n, (j) => at(j) >= x0) - 1); m < n && at(m) < x1;) {
      const from = at(m), to = m + 1 < n ? at(m + 1) : this.start(run.n);
      if (run.kindOf(list[m]) === EV.TASK) f(from, to, run.lanes[run.obj[list[m]]]);
      m = to - from < pixel ? Math.max(m + 1, firstWhere(m + 1, n, (j) => at(j) >= from + pixel)) : m + 1;
    }
    f();
  }

  eachRoot(lane, f) {
    const { x0, x1 } = this.app.state, track = lane.tracks[0], pixel = (x1 - x0) / this.width;
    const start = (i) => this.start(i), stop = (i) => this.stop(i);
    if (!track) return;
    for (let m = firstWhere(0, track.n, (j) => stop(track.list[j]) >= x0); m < track.n;) {
      const a = start(track.list[m]), b = stop(track.list[m]);
      if (a >= x1) break;
      f(a, b, lane);
      m = b - a < pixel ? skip(track.list, m + 1, track.n, a + pixel, start, stop) : m + 1;
    }
    f();
  }

  /* Values that are in view: numbers as an area, states as a band with their names. */
  drawSeries(g, colors) {
    for (const item of this.items) {
      const y = item.y - this.top;
      if (!item.series || y + item.height < RULER || y > this.viewHeight) continue;
      const s = item.series, { x0, x1 } = this.app.state, from = this.placeAt(x0), pixel = (x1 - x0) / this.width;
      let m = Math.max(0, firstWhere(0, s.n, (k) => s.places[k] > from) - 1), value = this.start(s.places[m]);
      while (m < s.n && value < x1) {
        let most = s.values[m], e = m + 1; // what changes within a pixel counts by the most that it was
        while (e < s.n && this.start(s.places[e]) < value + pixel) {
          if (!s.states && s.values[e] !== UNLIMITED) most = most === UNLIMITED ? s.values[e] : Math.max(most, s.values[e]);
          e++;
        }
        const next = e < s.n ? this.start(s.places[e]) : this.start(this.run.n);
        this.valueBar(g, colors, s, s.states ? s.values[e - 1] : most, this.x(value), this.x(next), y);
        m = e;
        value = next;
      }
    }
  }

  valueBar(g, colors, s, v, from, to, y) {
    const left = Math.round(Math.max(-2, from)), width = Math.max(1, Math.round(Math.min(this.width + 2, to)) - left);
    if (!s.states) {
      if (v === UNLIMITED) return;
      const h = v ? Math.max(1.5, v / s.most * (VALUE_HEIGHT - 2)) : 1;
      g.fillStyle = colors.value;
      g.fillRect(left, y + VALUE_HEIGHT - h, width, h);
      return;
    }
    g.fillStyle = colors.states[v % colors.states.length];
    g.fillRect(left, y + 6, width > 3 ? width - 1 : width, VALUE_HEIGHT - 12);
    const name = s.states[v] || String(v);
    const room = Math.floor((Math.min(to, this.width) - Math.max(0, left) - 8) / this.charWidth);
    if (room < Math.min(3, name.length)) return;
    g.fillStyle = colors.text;
    g.fillText(name.length <= room ? name : name.slice(0, room - 1) + "\u2026", Math.max(0, left) + 4, y + VALUE_HEIGHT / 2);
  }

  /* Drops, in the lanes where they happened. */
  drawMarks(g, colors) {
    const { x0, x1 } = this.app.state;
    for (const item of this.items) {
      const y = item.y - this.top;
      if (!item.lane || item.lane.kind === LANE.CPU || y + item.height < RULER || y > this.viewHeight) continue;
      const { list, n } = item.lane.drops;
      let last = -10;
      for (let m = firstWhere(0, n, (j) => this.start(list[j]) >= x0); m < n; m++) {
        const value = this.start(list[m]);
        if (value >= x1) break;
        const px = this.x(value);
        if (px - last < 3) continue;
        last = px;
        const py = item.lane.kind === LANE.CARD ? y + 2 : y + this.row(list[m]) * item.rowH;
        cross(g, colors.drop, px, Math.max(py, y) + 4, 4);
      }
    }
  }

  /* Frames: the ways of those in view, unless they are too many to tell apart, and marks where they set out and end. */
  drawFrames(g, colors) {
    const { run, app } = this, { x0, x1 } = app.state, { frames } = run, packet = app.selectedPacket();
    const placeOf = (f) => (f.tx < 0 ? f.rxs[0] : f.tx), from = this.placeAt(x0), to = this.placeAt(x1);
    const first = firstWhere(0, frames.length, (m) => placeOf(frames[m]) >= from);
    const last = firstWhere(first, frames.length, (m) => placeOf(frames[m]) >= to);
    if (last - first <= MAX_ARROWS)
      for (let m = Math.max(0, first - MAX_ARROWS); m < last; m++) this.drawWay(g, colors.wire, frames[m], 0.55);
    for (const e of packet ? app.packetEvents(packet) : [])
      if (run.kindOf(e) === EV.TX) this.drawWay(g, colors.accent, run.frameOf.get(e), 1);
    for (const item of this.items) {
      const y = item.y - this.top;
      if (item.lane?.kind !== LANE.CARD || y + item.height < RULER || y > this.viewHeight) continue;
      this.drawFrameMarks(g, colors, item.lane.tracks[0], y, packet, true);
      this.drawFrameMarks(g, colors, item.lane.tracks[1], y + ROW_FLAT, packet, false);
    }
  }

  drawWay(g, color, f, alpha) {
    const { run } = this, tx = f.tx >= 0 && this.laneItem.get(run.lane[f.tx]);
    if (!tx) return;
    const px = this.x(this.start(f.tx));
    for (const rx of f.rxs) {
      const item = this.laneItem.get(run.lane[rx]), qx = this.x(this.start(rx));
      if (!item || qx < 0 || px > this.width) continue;
      g.globalAlpha = alpha;
      curve(g, color, px + 1, tx.y - this.top + ROW_FLAT, qx, item.y - this.top + ROW_FLAT * 1.5, alpha < 1 ? 1 : 2);
      g.globalAlpha = 1;
    }
  }

  /* Marks of the frames on a row, at most one in three pixels; what is sent says what it is, where there is room. */
  drawFrameMarks(g, colors, { list, n }, y, packet, labelled) {
    const { run, app } = this, { x0, x1 } = app.state, pixel = (x1 - x0) / this.width;
    for (let m = firstWhere(0, n, (j) => this.start(list[j]) >= x0 - 4 * pixel); m < n;) {
      const i = list[m], value = this.start(i), next = firstWhere(m + 1, n, (j) => this.start(list[j]) >= value + 3 * pixel);
      if (value >= x1) break;
      const px = Math.round(this.x(value)), strong = packet !== 0 && run.obj[i] === packet;
      const after = next < n ? Math.min(this.width, this.x(this.start(list[next]))) : this.width;
      const room = Math.floor((after - px - 8) / this.charWidth);
      const frame = run.frameOf.get(i), lost = frame.drop >= 0;
      if (labelled && room >= 6)
        this.frameLabel(g, lost ? colors.drop : colors.text, colors.page, app.frameLabel(frame.index),
          room - (lost ? 1 : 0), px + (lost ? 14 : 6), y);
      g.fillStyle = strong ? colors.accent : app.dims(i, "wire") ? colors.fills[DIMMED] : lost ? colors.drop : colors.wire;
      g.fillRect(px, y + 1, 3, ROW_FLAT - 3);
      m = next;
    }
  }

  frameLabel(g, color, page, text, room, x, y) {
    if (text.length > room) text = text.slice(0, room - 1) + "\u2026";
    g.fillStyle = page;
    g.globalAlpha = 0.75;
    g.fillRect(x - 2, y + 1, text.length * this.charWidth + 4, ROW_FLAT - 1);
    g.globalAlpha = 1;
    g.fillStyle = color;
    g.fillText(text, x, y + ROW_FLAT / 2);
  }

  drawSelection(g, colors) {
    const { app } = this, i = app.state.selected, packet = app.selectedPacket();
    if (packet) this.drawPacket(g, colors, app.packetEvents(packet));
    if (i < 0) return;
    this.drawCauses(g, colors, i);
    const box = this.box(i);
    if (!box) return;
    g.strokeStyle = colors.select;
    g.lineWidth = 2;
    g.strokeRect(box.x - 1, box.y - 1, box.w + 1, box.h + 1);
  }

  /* The calls in view that had the selected packet; of very many some. */
  drawPacket(g, colors, events) {
    const { run } = this, { x0, x1 } = this.app.state, from = this.placeAt(x0), to = this.placeAt(x1);
    const first = Math.max(0, firstWhere(0, events.length, (k) => events[k] >= from) - 50);
    const last = firstWhere(first, events.length, (k) => events[k] >= to), step = Math.ceil((last - first) / 4000);
    g.strokeStyle = g.fillStyle = colors.accent;
    g.lineWidth = 1;
    for (let k = first; k < last; k += step) {
      const box = run.kindOf(events[k]) === EV.FN_SKB ? this.box(events[k]) : null;
      if (!box) continue;
      if (box.h < 6) g.fillRect(box.x, box.y, 2, box.h);
      else g.strokeRect(box.x + 0.5, box.y + 0.5, Math.max(1, box.w - 2), box.h - 2);
    }
  }

  /* Where an event is on the canvas, or null. */
  box(i) {
    const y = this.yOf(i), item = this.laneItem.get(this.run.lane[i]);
    if (y === null) return null;
    const top = y - this.top, left = this.x(this.start(i)), right = this.x(this.stop(i));
    if (top + item.rowH < RULER || top > this.viewHeight || right < 0 || left > this.width) return null;
    const x = Math.max(left, -4);
    return { x, y: top, w: Math.max(3, Math.min(right, this.width + 4) - x), h: item.rowH };
  }

  /* The hops that led to event i, back to the program's call, and those that it set off. */
  drawCauses(g, colors, i) {
    const { run, app } = this;
    for (const step of app.causes(i)) this.hopArrow(g, colors.cause, step.origin, step.arrival);
    let n = 0;
    for (let e = i; e < run.end[i] && n < 30 && e - i < 20000; e++)
      if (run.kindOf(e) === EV.HOP_OUT && run.lane[e] === run.lane[i])
        for (const to of run.destinationsOf(e)) {
          n++;
          this.hopArrow(g, colors.effect, e, to);
        }
  }

  hopArrow(g, color, from, to) {
    const y1 = this.yOf(from), y2 = this.yOf(to);
    if (y1 === null || y2 === null) return;
    curve(g, color, this.x(this.start(from)), y1 - this.top + 4, this.x(this.start(to)), y2 - this.top + 4, 1.5);
  }

  /* Lines where time moves on, or at round times. */
  ticks() {
    const { run } = this, { x0, x1 } = this.app.state, list = [];
    if (!this.ordered) {
      const about = (x1 - x0) / this.width * 126, power = 10 ** Math.floor(Math.log10(about));
      const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= about);
      for (let v = Math.ceil(x0 / step) * step; v <= x1; v += step) list.push([this.x(v), run.clock(v, step)]);
      return list;
    }
    let next = -1e9;
    for (let c = Math.max(0, firstWhere(0, run.changes.length, (m) => run.changes[m] >= x0)); c < run.changes.length;) {
      const px = this.x(run.changes[c]);
      if (px > this.width) break;
      if (px >= next) {
        list.push([px, run.clock(run.changeTimes[c])]);
        next = px + 126;
      }
      const after = next * (x1 - x0) / this.width + x0;
      c = Math.max(c + 1, firstWhere(c, run.changes.length, (m) => run.changes[m] >= after));
    }
    if (!list.length || list[0][0] > 126) list.unshift([0, run.clock(this.timeAt(x0))]);
    return list;
  }

  drawRuler(g, colors) {
    g.fillStyle = colors.bar;
    g.fillRect(0, 0, this.width, RULER);
    g.fillStyle = colors.line;
    g.fillRect(0, RULER - 1, this.width, 1);
    for (const [px, label] of this.ticks()) {
      g.fillStyle = colors.muted;
      g.fillRect(Math.round(px), RULER - 7, 1, 6);
      if (px + label.length * this.charWidth < this.width) g.fillText(label, px + 4, RULER / 2);
    }
  }

  /* ---- the overview ---- */

  computeDensity(width) {
    const { run } = this, [lo, hi] = this.bounds(), hosts = run.hosts.length;
    const counts = new Uint32Array(width * hosts), row = [];
    run.hosts.forEach((h, k) => { row[h.index] = k; });
    for (let i = 0; i < run.n; i++) {
      const px = Math.min(width - 1, Math.floor((this.start(i) - lo) / (hi - lo) * width));
      counts[row[run.lanes[run.lane[i]].host] * width + px]++;
    }
    this.density = { counts, width };
  }

  /* The bars do not change with the view: they are painted once. */
  paintDensity(width, height) {
    const hosts = this.run.hosts.length, { colors } = this.app, bars = document.createElement("canvas");
    if (!this.density || this.density.width !== width) this.computeDensity(width);
    sizeCanvas(bars, width, height);
    const g = bars.getContext("2d"), strip = height / hosts, { counts } = this.density;
    const most = counts.reduce((a, b) => Math.max(a, b), 1);
    g.scale(devicePixelRatio, devicePixelRatio);
    g.fillStyle = colors.page;
    g.fillRect(0, 0, width, height);
    g.fillStyle = colors.density;
    for (let h = 0; h < hosts; h++)
      for (let px = 0; px < width; px++) {
        const c = counts[h * width + px];
        if (!c) continue;
        const bar = Math.max(1.5, (strip - 2) * (0.25 + 0.75 * Math.log(1 + c) / Math.log(1 + most)));
        g.fillRect(px, (h + 1) * strip - bar, 1, bar - (strip > 3 ? 1 : 0));
      }
    this.bars = { canvas: bars, width, colors, density: this.density };
  }

  drawOverview() {
    const g = this.overview.getContext("2d"), { colors } = this.app;
    const width = this.overview.clientWidth, height = this.overview.clientHeight;
    if (!width) return;
    if (!this.bars || this.bars.width !== width || this.bars.colors !== colors || this.bars.density !== this.density)
      this.paintDensity(width, height);
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.drawImage(this.bars.canvas, 0, 0);
    g.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    const [lo, hi] = this.bounds(), { x0, x1 } = this.app.state;
    const left = (x0 - lo) / (hi - lo) * width, right = (x1 - lo) / (hi - lo) * width;
    g.fillStyle = colors.shade;
    g.fillRect(0, 0, left, height);
    g.fillRect(right, 0, width - right, height);
    g.strokeStyle = colors.accent;
    g.lineWidth = 1.5;
    g.strokeRect(Math.max(0.75, left), 0.75, Math.max(3, Math.min(width - 0.75, right) - left - 0.75), height - 1.5);
  }
}


/*
 * Of a row's spans the first from m on that goes on after `value`, or begins there: doubling steps, then halving ones.
 */
function skip(list, m, n, value, start, stop) {
  const beyond = (j) => stop(list[j]) > value || start(list[j]) >= value;
  let step = 1;
  while (m + step < n && !beyond(m + step)) step *= 2;
  return firstWhere(Math.min(n, m + (step >> 1)), Math.min(n, m + step), beyond);
}

/* Of a row's spans the last after m that still ends before `place`: doubling steps, then halving ones. */
function lastWithin(list, ends, m, n, place) {
  let step = 1;
  while (m + step < n && ends[m + step] <= place && list[m + step] < place) step *= 2;
  let lo = m + (step >> 1), hi = Math.min(n, m + step);
  while (lo + 1 < hi) {
    const mid = (lo + hi) >>> 1;
    if (ends[mid] <= place && list[mid] < place) lo = mid;
    else hi = mid;
  }
  return lo;
}

/* ---- shapes ---- */

function sizeCanvas(canvas, width, height) {
  const w = Math.round(width * devicePixelRatio), h = Math.round(height * devicePixelRatio);
  canvas.style.width = width + "px";
  canvas.style.height = height + "px";
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
}

function cross(g, color, x, y, r) {
  g.strokeStyle = color;
  g.lineWidth = 2;
  g.beginPath();
  g.moveTo(x - r, y - r);
  g.lineTo(x + r, y + r);
  g.moveTo(x + r, y - r);
  g.lineTo(x - r, y + r);
  g.stroke();
}

function arrowHead(g, color, x, y, angle, size = 6) {
  g.fillStyle = color;
  g.beginPath();
  g.moveTo(x, y);
  g.lineTo(x - size * Math.cos(angle - 0.45), y - size * Math.sin(angle - 0.45));
  g.lineTo(x - size * Math.cos(angle + 0.45), y - size * Math.sin(angle + 0.45));
  g.fill();
}

function curve(g, color, x1, y1, x2, y2, width) {
  const bend = Math.min(60, Math.max(14, Math.abs(x2 - x1) / 2));
  g.strokeStyle = color;
  g.lineWidth = width;
  g.beginPath();
  g.moveTo(x1, y1);
  g.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
  g.stroke();
  arrowHead(g, color, x2, y2, 0);
}
