/*
 * The ladder: a life line per host, frames as arrows with tcpdump's words, programs' calls and TCP states at the
 * lines. A row each, in order of time; only the rows in view are drawn.
 */
"use strict";

const LADDER_HEAD = 34, LADDER_TIMES = 148, LADDER_COLUMN = 150;
const FRAME_ROW = 36, PLAIN_ROW = 24;

class Ladder {
  constructor(app) {
    this.app = app;
    this.run = app.run;
    this.root = document.getElementById("ladder");
    this.scroller = document.getElementById("ladder-scroll");
    this.spacer = document.getElementById("ladder-spacer");
    this.canvas = document.getElementById("ladder-canvas");
    this.rows = null;
    this.scroller.addEventListener("scroll", () => this.invalidate());
    new ResizeObserver(() => { if (!this.root.hidden) this.layout(); }).observe(this.scroller);
    this.canvas.addEventListener("click", (e) => this.onClick(e));
    this.canvas.addEventListener("pointermove", (e) => this.onMove(e));
    this.canvas.addEventListener("pointerleave", () => { this.hovered = -1; this.invalidate(); });
    this.hovered = -1;
    this.left = 0;
    for (const box of document.querySelectorAll("#ladder-show input"))
      box.addEventListener("change", () => this.show());
  }

  /* Everything that is a row, in order. */
  collect() {
    const { run } = this, rows = [];
    for (const f of run.frames) rows.push({ kind: "frame", at: f.tx >= 0 ? f.tx : f.rxs[0], frame: f });
    for (const lane of run.lanes) {
      if (lane.kind === LANE.TASK && lane.tracks[0])
        for (const i of lane.tracks[0].list) {
          const end = run.end[i];
          const late = !(run.kind[i] & EV.OPEN) && end < run.n && run.time[end] > run.time[i];
          rows.push({ kind: "call", at: i, text: late ? run.name(i) + " \u2026" : this.app.timeline.callText(i) });
          if (late) rows.push({ kind: "call", at: end, call: i, text: this.app.timeline.callText(i) });
        }
      for (const i of lane.drops.list)
        if (lane.kind !== LANE.CARD || !run.frameOf.get(i - 1) || run.frameOf.get(i - 1).drop !== i)
          rows.push({ kind: "drop", at: i, text: run.name(i) });
    }
    for (let i = 0; i < run.n; i++)
      if (run.kindOf(i) === EV.STEP) {
        const state = /tcp state to (\w+)/.exec(run.name(i));
        if (state) rows.push({ kind: "state", at: i, text: state[1] });
      }
    rows.sort((a, b) => a.at - b.at);
    this.all = rows;
  }

  show() {
    const { app, run } = this;
    if (!this.all) this.collect();
    const shown = (name) => document.getElementById("ladder-" + name).checked;
    const kinds = { frame: true, drop: true, call: shown("calls"), state: shown("states") };
    const dropped = app.state.dropsOnly ? app.droppedPackets() : null;
    this.rows = this.all.filter((row) => kinds[row.kind] && !app.state.hiddenHosts.has(run.hostOf(row.at).name) &&
      (!dropped || (run.packetOf(row.at) && dropped.has(run.packetOf(row.at)))));
    this.hosts = run.hosts.filter((h) => !app.state.hiddenHosts.has(h.name) &&
      this.rows.some((row) => run.hostOf(row.at) === h || row.frame?.rxs.some((r) => run.hostOf(r) === h)));
    this.column = new Map(this.hosts.map((h, k) => [h, k]));
    this.tops = new Float64Array(this.rows.length + 1);
    this.rows.forEach((row, k) => {
      this.tops[k + 1] = this.tops[k] + (row.kind === "frame" ? FRAME_ROW : PLAIN_ROW);
    });
    document.getElementById("ladder-empty").hidden = this.rows.length > 0;
    document.getElementById("ladder-note").hidden = run.known.size > 0 || run.frames.length === 0;
    this.layout();
  }

  layout() {
    if (!this.rows) return;
    this.width = this.scroller.clientWidth;
    this.height = this.scroller.clientHeight;
    this.columns = Math.max(this.width - LADDER_TIMES, this.hosts.length * LADDER_COLUMN); // all of them, in pixels
    this.spacer.style.height = this.tops[this.rows.length] + LADDER_HEAD + 24 + "px";
    this.spacer.style.width = LADDER_TIMES + this.columns + "px";
    sizeCanvas(this.canvas, this.width, this.height);
    this.invalidate();
  }

  /* Where a host's life line is on the canvas. */
  lineX(host) {
    return LADDER_TIMES - this.left + this.columns / this.hosts.length * (this.column.get(host) + 0.5);
  }

  invalidate() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      if (!this.root.hidden && this.rows) this.draw();
    });
  }

  draw() {
    const g = this.canvas.getContext("2d"), { colors } = this.app;
    const scroll = this.scroller.scrollTop, end = this.tops[this.rows.length];
    this.left = this.scroller.scrollLeft;
    g.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    g.fillStyle = colors.page;
    g.fillRect(0, 0, this.width, this.height);
    g.textBaseline = "middle";
    const first = Math.max(0, firstWhere(0, this.rows.length, (k) => this.tops[k + 1] > scroll));
    const rows = [];
    for (let k = first; k < this.rows.length && this.tops[k] < scroll + this.height; k++)
      rows.push([this.rows[k], this.tops[k] - scroll + LADDER_HEAD, k]);
    const shades = rows.map(([row, y, k]) => this.shadeRow(g, colors, row, y, k));
    g.fillStyle = colors.line;
    for (const host of this.hosts)
      g.fillRect(this.lineX(host) - 1, LADDER_HEAD, 2, Math.max(0, Math.min(this.height, end - scroll + 12)));
    rows.forEach(([row, y], n) => {
      if (row.kind === "frame") this.drawFrame(g, colors, row, y, shades[n]);
      else this.drawTag(g, colors, row, y + PLAIN_ROW / 2);
    });
    this.drawTimes(g, colors, rows);
    this.drawHead(g, colors);
  }

  drawHead(g, colors) {
    g.fillStyle = colors.bar;
    g.fillRect(0, 0, this.width, LADDER_HEAD);
    g.fillStyle = colors.line;
    g.fillRect(0, LADDER_HEAD - 1, this.width, 1);
    g.textAlign = "center";
    g.font = "600 13px " + colors.sans;
    g.fillStyle = colors.text;
    for (const host of this.hosts) g.fillText(host.name, this.lineX(host), LADDER_HEAD / 2);
    g.textAlign = "left";
    g.fillStyle = colors.bar;
    g.fillRect(0, 0, LADDER_TIMES, LADDER_HEAD - 1);
    g.fillStyle = colors.muted;
    g.font = "12px " + colors.sans;
    g.fillText("time, + since above", 10, LADDER_HEAD / 2);
  }

  /* The column of times, over what lies below it. */
  drawTimes(g, colors, rows) {
    const { run } = this;
    if (this.left > 0) {
      g.fillStyle = colors.page;
      g.fillRect(0, LADDER_HEAD, LADDER_TIMES, this.height);
    }
    g.font = "11px " + colors.mono;
    g.textAlign = "right";
    let named = false; // the first row that is whole says when it is
    rows.forEach(([row, y, k]) => {
      const before = k > 0 ? run.time[row.at] - run.time[this.rows[k - 1].at] : 0, frame = row.kind === "frame";
      g.fillStyle = colors.text;
      if (k === 0 || before || (!named && y >= LADDER_HEAD))
        g.fillText(run.clock(run.time[row.at]), LADDER_TIMES - 12, y + (frame ? 11 : PLAIN_ROW / 2));
      named ||= y >= LADDER_HEAD;
      g.fillStyle = colors.muted;
      if (before && frame) g.fillText("+" + formatShort(before), LADDER_TIMES - 12, y + 25);
    });
    g.textAlign = "left";
  }

  /* The background of a row that is selected, of the same packet, or under the pointer; its colour. */
  shadeRow(g, colors, row, y, k) {
    const { run, app } = this, packet = app.selectedPacket();
    const selected = row.at === app.state.selected || row.call === app.state.selected ||
      (row.frame && run.frameOf.get(app.state.selected) === row.frame);
    const related = packet !== 0 && row.frame && run.obj[row.at] === packet;
    if (!selected && !related && k !== this.hovered) return colors.page;
    const color = selected ? colors.selectFill : related ? colors.relatedFill : colors.bar;
    g.fillStyle = color;
    g.fillRect(0, y, this.width, this.tops[k + 1] - this.tops[k]);
    return color;
  }

  drawFrame(g, colors, row, y, shade) {
    const { run, app } = this, { frame } = row, info = app.frameInfo(frame.index);
    g.font = "11px " + colors.mono;
    const from = frame.tx >= 0 ? this.lineX(run.hostOf(frame.tx)) : LADDER_TIMES - this.left;
    const targets = frame.rxs.filter((r) => this.column.has(run.hostOf(r))).map((r) => this.lineX(run.hostOf(r)));
    const color = frame.drop >= 0 ? colors.drop : info.resent ? colors.resent : colors.ladder;
    for (const to of targets) this.arrow(g, color, from, y + 20, to, y + 31);
    if (!targets.length) {
      const guess = this.hosts.length > 1 ? this.lineX(this.hosts[this.column.get(run.hostOf(row.at)) > 0 ? 0 : 1]) :
        from + 300;
      const to = from + (guess - from) * 0.45;
      g.setLineDash([5, 3]);
      this.arrow(g, color, from, y + 20, to, y + 28, false);
      g.setLineDash([]);
      if (frame.drop >= 0) this.loss(g, colors, run.dropText(frame.drop), to, y + 28, to > from);
      targets.push(guess);
    }
    const far = targets.reduce((a, b) => (Math.abs(b - from) > Math.abs(a - from) ? b : a));
    const left = Math.max(Math.min(from, far), LADDER_TIMES), right = Math.min(Math.max(from, far), this.width);
    const room = right - left - 16, middle = (left + right) / 2; // of the part that is in view
    if (room < 0) return;
    let label = (app.streams.size > 2 ? info.ports ?? "" : "") + info.label; // two directions are one connection
    if (info.resent) label += "   sent again";
    if (frame.rxs.some((r, k) => frame.rxs.slice(0, k).some((s) => run.hostOf(s) === run.hostOf(r))))
      label += "   received twice";
    if (frame.rxs.some((r) => run.known.get(r)?.damaged)) label += "   damaged on the way";
    this.label(g, shade, label, frame.drop >= 0 ? colors.drop : info.resent ? colors.resent : colors.text, middle,
      y + 10, Math.max(room, this.hosts.length === 1 ? 600 : 120));
  }

  /* Where a frame was lost, and why. */
  loss(g, colors, why, x, y, right) {
    cross(g, colors.drop, x, y, 5);
    g.font = "italic 11px " + colors.sans;
    g.fillStyle = colors.drop;
    g.textAlign = right ? "left" : "right";
    g.fillText(why, x + (right ? 10 : -10), y + 1);
    g.textAlign = "left";
    g.font = "11px " + colors.mono;
  }

  /* A line of text over the middle of an arrow, which hides the life lines below it. */
  label(g, shade, text, color, x, y, room) {
    const width = g.measureText("m").width, fits = Math.floor(room / width);
    if (text.length > fits) text = text.slice(0, Math.max(1, fits - 1)) + "\u2026";
    g.textAlign = "center";
    g.fillStyle = shade;
    g.fillRect(x - text.length * width / 2 - 2, y - 7, text.length * width + 4, 14);
    g.fillStyle = color;
    g.fillText(text, x, y);
    g.textAlign = "left";
  }

  arrow(g, color, x1, y1, x2, y2, head = true) {
    const angle = Math.atan2(y2 - y1, x2 - x1);
    g.strokeStyle = color;
    g.lineWidth = 1.5;
    g.beginPath();
    g.moveTo(x1, y1);
    g.lineTo(x2, y2);
    g.stroke();
    if (head) arrowHead(g, color, x2, y2, angle, 8);
  }

  /* A call, a state or a drop at its host's line. */
  drawTag(g, colors, row, y) {
    const x = this.lineX(this.run.hostOf(row.at)), styles = { call: colors.tagCall, state: colors.tagState,
      drop: colors.tagDrop };
    const [fill, stroke, ink] = styles[row.kind], room = this.columns / this.hosts.length - 16;
    g.font = "11px " + colors.mono;
    const unit = g.measureText("m").width, fits = Math.max(4, Math.floor(room / unit) - 2);
    const text = row.text.length > fits ? row.text.slice(0, fits - 1) + "\u2026" : row.text;
    const w = text.length * unit + 14;
    g.fillStyle = fill;
    g.strokeStyle = stroke;
    g.lineWidth = 1;
    g.beginPath();
    g.roundRect(x - w / 2, y - 9, w, 18, row.kind === "state" ? 9 : 3);
    g.fill();
    g.stroke();
    g.fillStyle = ink;
    g.textAlign = "center";
    g.fillText(text, x, y + 0.5);
    g.textAlign = "left";
  }

  rowAt(offsetY) {
    if (!this.rows || offsetY < LADDER_HEAD) return -1;
    const y = offsetY - LADDER_HEAD + this.scroller.scrollTop;
    const k = firstWhere(0, this.rows.length, (m) => this.tops[m + 1] > y);
    return k < this.rows.length ? k : -1;
  }

  onMove(e) {
    const k = this.rowAt(e.offsetY);
    if (k !== this.hovered) {
      this.hovered = k;
      this.canvas.style.cursor = k < 0 ? "default" : "pointer";
      this.invalidate();
    }
  }

  onClick(e) {
    this.pick(this.rowAt(e.offsetY));
    this.canvas.focus({ preventScroll: true });
  }

  pick(k) {
    if (k < 0 || k >= this.rows.length) return;
    const row = this.rows[k];
    this.app.select(row.call ?? row.at, { reveal: false, side: row.kind === "frame" ? "bytes" : undefined });
    this.revealRow(k);
  }

  /* The row of the selection, else the first in view. */
  current() {
    const { run } = this, i = this.app.state.selected, frame = run.frameOf.get(i);
    const k = this.rows.findIndex((row) => row.at === i || (frame && row.frame === frame));
    return k >= 0 ? k : firstWhere(0, this.rows.length, (m) => this.tops[m] >= this.scroller.scrollTop) - 1;
  }

  step(by) {
    this.pick(Math.max(0, Math.min(this.rows.length - 1, this.current() + by)));
  }

  revealRow(k) {
    const y = this.tops[k], top = this.scroller.scrollTop, height = this.scroller.clientHeight - LADDER_HEAD;
    if (y < top || y + FRAME_ROW > top + height) this.scroller.scrollTop = Math.max(0, y - height / 3);
    this.invalidate();
  }

  /* Scrolls to what is selected, or to the row that is nearest in time. */
  reveal(i) {
    if (!this.rows || i < 0) return;
    const frame = this.run.frameOf.get(i);
    let k = this.rows.findIndex((row) => row.at === i || (frame && row.frame === frame));
    if (k < 0) k = firstWhere(0, this.rows.length, (m) => this.rows[m].at >= i);
    if (k < this.rows.length) this.revealRow(k);
  }
}
