/* The side panel: the chart of the selected call, the bytes of the selected packet, its journey, search results. */
"use strict";

const TREE_START = 60, TREE_MORE = 200, JOURNEY_MAX = 400, CAUSES_SHOWN = 4, HEX_SHOWN = 512;

/* An element: attributes, then children; texts never become markup. */
function element(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) e.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== null && value !== false) e.setAttribute(name, value === true &&
      !name.startsWith("aria-") ? "" : String(value));
    else if (value === false && name.startsWith("aria-")) e.setAttribute(name, "false");
  }
  e.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== ""));
  return e;
}

class Panel {
  constructor(app) {
    this.app = app;
    this.run = app.run;
    this.root = document.getElementById("panel");
    this.top = -1; // the call whose tree is shown
    for (const tab of this.root.querySelectorAll("[role=tab]"))
      tab.addEventListener("click", () => this.app.setSide(tab.dataset.side));
  }

  show() {
    const { state } = this.app;
    this.root.hidden = state.selected < 0 && state.side !== "results";
    document.body.classList.toggle("with-panel", !this.root.hidden);
    if (this.root.hidden) return;
    for (const tab of this.root.querySelectorAll("[role=tab]")) {
      const on = tab.dataset.side === state.side;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      document.getElementById("side-" + tab.dataset.side).hidden = !on;
    }
    if (state.side === "call") this.showCall();
    else if (state.side === "bytes") this.showBytes();
    else if (state.side === "journey") this.showJourney();
  }

  /* A link to an event. */
  go(i, text, cls = "link") {
    return element("button", { class: cls, "data-event": i, onclick: () => this.app.select(i) }, text);
  }

  chip(i) {
    const layer = this.run.layer(i);
    return element("span", { class: "chip layer-" + (LAYERS.includes(layer) || layer === "drop" ? layer : "other") }, layer);
  }

  where(i) {
    return this.run.hostOf(i).name + " \u00b7 " + this.run.lanes[this.run.lane[i]].title;
  }

  /* ---- call ---- */

  showCall() {
    const { run, app } = this, i = app.state.selected, body = document.getElementById("side-call");
    if (i < 0) {
      body.replaceChildren(element("p", { class: "hint" }, "Nothing is selected."));
      return;
    }
    if (this.top < 0 || run.lane[i] !== run.lane[this.top] || i < this.top || i >= run.end[this.top] ||
        !app.fromPanel)
      this.top = run.hasChildren(i) || run.isCall(i) || run.parent(i) < 0 ? i : run.parent(i);
    const inCall = run.isCall(this.top) || run.kindOf(this.top) === EV.SYSCALL;
    const tree = element("ul", { class: "tree", role: "tree", "aria-label": "calls" });
    this.budget = TREE_START;
    this.open = this.planTree(this.top, i);
    tree.append(this.treeItem(this.top));
    body.replaceChildren(this.head(i), this.facts(i), this.causes(i), this.effects(i),
      inCall ? element("h3", {}, "Call chart", element("span", { class: "tools" },
        element("button", { class: "small", onclick: () => this.expandAll(tree) }, "expand"),
        element("button", { class: "small", onclick: () => this.collapseAll(tree) }, "collapse"))) : "",
      inCall ? tree : "");
    tree.addEventListener("keydown", (e) => this.treeKey(e, tree));
    tree.querySelector(".on")?.scrollIntoView({ block: "nearest" });
  }

  head(i) {
    const { run } = this, k = run.kindOf(i), fn = k <= EV.STEP ? run.fns[run.fn[i]] : null;
    return element("div", { class: "head" },
      element("h2", {}, k === EV.SYSCALL ? this.app.timeline.callText(i) : run.name(i)),
      element("div", { class: "sub" }, this.chip(i), fn?.file ? element("code", {}, fn.file) : ""),
      fn?.what ? element("p", {}, fn.what) : "");
  }

  facts(i) {
    const { run } = this, k = run.kindOf(i), packet = run.packetOf(i), took = run.endTime(i) - run.time[i];
    const calls = run.isCall(i) || k === EV.SYSCALL ? this.countCalls(i) : 0;
    const ancestors = run.ancestors(i), rows = [
      ["where", this.where(i)],
      ["when", formatTime(run.time[i]) + (took ? ", for " + formatTime(took) : "")],
    ];
    if (run.op[i] !== NO_OP && run.isCall(i)) rows.push(["reached by", `call ->${run.fns[run.op[i]].name}()`]);
    if (k === EV.SYSCALL && run.kind[i] & EV.OPEN) rows.push(["result", "did not return before the run ended"]);
    if (calls) rows.push(["inside", formatCount(calls) + (calls === 1 ? " call" : " calls")]);
    if (packet) rows.push(["packet", [element("button", { class: "link", onclick: () => this.app.setSide("journey") },
      String(packet)), " ", element("button", { class: "small", onclick: () => this.app.setSide("bytes") }, "bytes")]]);
    if (k === EV.FN_SK) rows.push(["socket", element("button", { class: "link", title: "Find all calls with this socket",
      onclick: () => this.app.search.find("sock:" + run.obj[i]) }, String(run.obj[i]))]);
    if (ancestors.length)
      rows.push(["called by", element("span", { class: "path" }, ancestors.map((a, n) => [n ? " \u203a " : "",
        this.go(a, run.name(a))]).flat())]);
    return element("dl", { class: "facts" }, rows.map(([name, value]) => [element("dt", {}, name),
      element("dd", {}, value)]).flat());
  }

  countCalls(i) {
    const { run } = this;
    let n = 0;
    for (let e = i + 1; e < run.end[i]; e++) if (run.lane[e] === run.lane[i] && run.isCall(e)) n++;
    return n;
  }

  causes(i) {
    const { run } = this, steps = this.app.causes(i);
    if (!steps.length) return "";
    return element("details", { class: "fold", open: true }, element("summary", {}, "Set off by"),
      element("ol", { class: "hops" }, steps.map(({ arrival, origin }, k) => {
        const [from, name] = this.doer(origin), took = run.time[arrival] - run.time[origin];
        return element("li", { hidden: k >= CAUSES_SHOWN }, element("span", { class: "hop" }, HOPS[run.fn[arrival]]), " from ",
          this.go(from, name), " ", element("span", { class: "muted" }, this.where(from) + (took ? ", " + formatShort(took) +
            " before" : "")));
      })), steps.length > CAUSES_SHOWN ? element("button", { class: "small more", onclick: (e) => {
        for (const li of e.target.parentElement.querySelectorAll("li")) li.hidden = false;
        e.target.remove();
      } }, "and what set that off") : "");
  }

  /* Who set off a hop: the call that it set out in, or the call that gave the card the frame. */
  doer(origin) {
    const { run, app } = this, kind = run.lanes[run.lane[origin]].kind;
    const call = kind === LANE.CARD ? app.runs(origin) : run.parent(origin);
    if (call >= 0 && call !== origin) return [call, run.name(call)];
    return [kind === LANE.CARD && run.kindOf(origin + 1) === EV.TX ? origin + 1 : origin,
      kind === LANE.CARD ? "the card" : kind === LANE.CPU ? "the clock" : run.lanes[run.lane[origin]].title];
  }

  effects(i) {
    const { run } = this, list = [];
    for (let e = i; e < run.end[i] && list.length < 12; e++)
      if (run.lane[e] === run.lane[i] && run.kindOf(e) === EV.HOP_OUT)
        for (const to of run.destinationsOf(e)) list.push([e, to]);
    if (!list.length) return "";
    return element("details", { class: "fold", open: list.length < 4 }, element("summary", {}, `Sets off (${list.length}` +
      `${list.length === 12 ? "+" : ""})`),
    element("ul", { class: "hops" }, list.map(([e, to]) => {
      let first = to + 1;
      while (first < run.n && run.lane[first] !== run.lane[to]) first++;
      const target = first < run.n ? first : to;
      return element("li", {}, element("span", { class: "hop" }, HOPS[run.fn[e]]), " to ",
        this.go(target, run.isCall(target) || run.kindOf(target) === EV.RX ? run.name(target) :
          run.lanes[run.lane[to]].title), " ",
        element("span", { class: "muted" }, this.where(to) + (run.time[to] > run.time[e] ?
          `, ${formatShort(run.time[to] - run.time[e])} later` : "")));
    })));
  }

  /* Which nodes are open at first: the way down to the selection, then level by level while there is room. */
  planTree(top, selected) {
    const { run } = this, open = new Set();
    for (const a of run.ancestors(selected)) if (a >= top) open.add(a);
    let level = [top], n = 1;
    while (level.length && n < this.budget) {
      const next = [];
      for (const node of level) {
        const kids = run.children(node);
        if (!kids.length || n + kids.length > this.budget * 2) continue;
        open.add(node);
        n += kids.length;
        next.push(...kids);
      }
      level = next;
    }
    return open;
  }

  treeItem(i, times = 1) {
    const { run, app } = this, k = run.kindOf(i), parent = run.hasChildren(i), open = parent && this.open.has(i);
    const li = element("li", { role: "treeitem", "aria-expanded": parent ? open : undefined, "data-event": i,
      "aria-selected": i === app.state.selected });
    const fn = run.isCall(i) ? run.fns[run.fn[i]] : null;
    const name = element("button", { class: "name kind-" + k, "data-event": i, tabindex: i === this.top ? 0 : -1,
      onclick: () => { app.fromPanel = true; app.select(i); app.fromPanel = false; } },
    k === EV.SYSCALL ? app.timeline.callText(i) : run.name(i));
    const twist = parent ? element("button", { class: "twist", tabindex: -1, "aria-label": "open or close",
      onclick: () => this.toggleItem(li, i) }, open ? "\u25be" : "\u25b8") : element("span", { class: "twist" });
    const line = element("div", { class: "line" + (i === app.state.selected ? " on" : "") }, twist,
      element("i", { class: "dot layer-" + run.layer(i) }), name,
      times > 1 ? element("span", { class: "times" }, "\u00d7" + times) : "",
      run.op[i] !== NO_OP && fn ? element("span", { class: "op" }, "->" + run.fns[run.op[i]].name + "()") : "",
      fn?.what ? element("span", { class: "what", title: fn.what }, fn.what) : "");
    li.append(line);
    if (open) li.append(this.treeChildren(i));
    return li;
  }

  /* The items of what i calls. Calls of one function in a row that call nothing are one item. */
  treeChildren(i, from = 0) {
    const { run } = this, kids = run.children(i), ul = element("ul", { role: "group" });
    let k = from;
    for (; k < kids.length && ul.childElementCount < TREE_MORE;) {
      let same = 1;
      if (run.isCall(kids[k]) && !run.hasChildren(kids[k]))
        while (k + same < kids.length && run.isCall(kids[k + same]) && run.fn[kids[k + same]] === run.fn[kids[k]] &&
          !run.hasChildren(kids[k + same])) same++;
      ul.append(this.treeItem(kids[k], same));
      k += same;
    }
    if (k < kids.length)
      ul.append(element("li", { role: "none" }, element("button", { class: "small more", onclick: (e) => {
        const item = e.target.closest("li"), rest = this.treeChildren(i, k);
        item.replaceWith(...rest.children);
      } }, `${formatCount(kids.length - k)} more`)));
    return ul;
  }

  toggleItem(li, i) {
    const group = li.querySelector(":scope > ul");
    if (group) {
      group.remove();
      this.open.delete(i);
    } else {
      this.open.add(i);
      li.append(this.treeChildren(i));
    }
    li.setAttribute("aria-expanded", String(!group));
    li.querySelector(".twist").textContent = group ? "\u25b8" : "\u25be";
  }

  expandAll(tree) {
    for (let round = 0; round < 64; round++) {
      const closed = tree.querySelectorAll("li[aria-expanded=false]");
      if (!closed.length || tree.querySelectorAll("li").length > 3000) return;
      for (const li of closed) this.toggleItem(li, Number(li.dataset.event));
    }
  }

  collapseAll(tree) {
    for (const li of tree.querySelectorAll(":scope > li li[aria-expanded=true]"))
      if (li.isConnected) this.toggleItem(li, Number(li.dataset.event));
  }

  treeKey(e, tree) {
    const names = Array.from(tree.querySelectorAll(".name")), at = names.indexOf(document.activeElement);
    if (at < 0) return;
    const li = names[at].closest("li"), open = li.getAttribute("aria-expanded");
    const focus = (b) => { if (b) b.focus(); };
    if (e.key === "ArrowDown") focus(names[at + 1]);
    else if (e.key === "ArrowUp") focus(names[at - 1]);
    else if (e.key === "ArrowRight" && open === "false") this.toggleItem(li, Number(li.dataset.event));
    else if (e.key === "ArrowRight") focus(names[at + 1]);
    else if (e.key === "ArrowLeft" && open === "true") this.toggleItem(li, Number(li.dataset.event));
    else if (e.key === "ArrowLeft") focus(li.parentElement.closest("li")?.querySelector(".name"));
    else return;
    e.preventDefault();
    e.stopPropagation();
  }

  /* ---- bytes ---- */

  /* The frames that carried the selected packet. */
  packetFrames(packet) {
    const seen = new Set();
    for (const e of this.app.packetEvents(packet)) {
      const f = this.run.frameOf.get(e);
      if (f) seen.add(f);
    }
    return Array.from(seen).sort((a, b) => a.index - b.index);
  }

  showBytes() {
    const { run, app } = this, i = app.state.selected, packet = app.selectedPacket();
    const body = document.getElementById("side-bytes");
    const frames = packet ? this.packetFrames(packet) : [];
    if (!packet) {
      body.replaceChildren(element("p", { class: "hint" }, i < 0 ? "Nothing is selected." :
        "This call has no packet at hand. Choose a frame in the ladder or in the lane \u201ccard and wire\u201d, or a " +
        "call that handles a packet."));
      return;
    }
    if (!frames.length) {
      body.replaceChildren(element("p", { class: "hint" }, `Packet ${packet} was on no wire.`));
      return;
    }
    const own = run.frameOf.get(i);
    const frame = own ?? frames.find((f) => Math.max(f.tx, ...f.rxs) >= i) ?? frames[frames.length - 1];
    this.showFrame(body, packet, frames, frame, own ? i : frame.tx >= 0 ? frame.tx : frame.rxs[0]);
  }

  showFrame(body, packet, frames, frame, event) {
    const { run, app } = this, at = frames.indexOf(frame);
    const to = (f) => app.select(f.tx >= 0 ? f.tx : f.rxs[0], { side: "bytes" });
    const events = [frame.tx, ...frame.rxs].filter((e) => e >= 0);
    const own = run.known.get(event), by = own && !own.part ? event : run.knownBy(frame);
    const picker = element("div", { class: "picker" },
      element("button", { class: "small", disabled: at === 0, "aria-label": "the frame before",
        onclick: () => to(frames[at - 1]) }, "\u2039"),
      element("select", { "aria-label": "frame of this packet", onchange: (e) => to(frames[Number(e.target.value)]) },
        frames.slice(Math.max(0, at - 50), at + 50).map((f, n) => {
          const k = Math.max(0, at - 50) + n;
          return element("option", { value: k, selected: k === at }, `${k + 1} of ${frames.length}: ` +
            formatTime(run.time[f.tx >= 0 ? f.tx : f.rxs[0]]));
        })),
      element("button", { class: "small", disabled: at === frames.length - 1, "aria-label": "the frame after",
        onclick: () => to(frames[at + 1]) }, "\u203a"));
    body.replaceChildren(element("div", { class: "head" }, element("h2", {}, app.frameLabel(frame.index)),
      element("div", { class: "sub" }, `packet ${packet}`)), picker,
    element("ul", { class: "hops" }, events.map((e) => element("li", {}, element("span", { class: "hop" },
      run.kindOf(e) === EV.TX ? "sent" : "received"), " ", this.go(e, run.hostOf(e).name), " ",
    element("span", { class: "muted" }, `${run.cardOf(e)}, ${formatTime(run.time[e])}` +
      (run.known.get(e)?.damaged ? ", damaged on the way" : "")))),
    frame.drop >= 0 ? element("li", { class: "bad" }, "lost: " + run.dropText(frame.drop)) : ""));
    if (by >= 0) body.append(...this.dissection(run.frameBytes(by), run.fn[by]));
    if (by < 0 || run.known.get(by).part)
      body.append(element("div", { class: "hint" }, element("p", {}, `Of ${run.fn[event]} bytes this run kept ` +
        (by < 0 ? "none" : `the first ${run.known.get(by).len}`) +
        ". To see all, run it with captures and make the report again:"), element("pre", {}, app.command(true))));
  }

  /* The headers as tables, and the bytes; what one points at lights up in the other. */
  dissection(bytes, length) {
    const { headers } = decodeFrame(bytes, length), cells = [];
    const light = (from, to, on) => {
      for (let b = from; b < to; b++) cells[b]?.forEach((c) => c.classList.toggle("lit", on));
    };
    const fields = [];
    const parts = headers.map((h) => {
      const rows = h.fields.map((f) => {
        const row = element("tr", { tabindex: 0 }, element("th", { scope: "row" }, f.name), element("td", {}, f.value));
        row.addEventListener("pointerenter", () => light(f.from, f.to, true));
        row.addEventListener("pointerleave", () => light(f.from, f.to, false));
        row.addEventListener("focus", () => light(f.from, f.to, true));
        row.addEventListener("blur", () => light(f.from, f.to, false));
        fields.push({ from: f.from, to: f.to, row });
        return row;
      });
      const summary = element("summary", {}, element("b", {}, h.name), " ", element("span", { class: "muted" }, h.info ?? ""));
      summary.addEventListener("pointerenter", () => light(h.from, h.to, true));
      summary.addEventListener("pointerleave", () => light(h.from, h.to, false));
      return rows.length ? element("details", { class: "header", open: h === headers[headers.length - 1] ||
        h.name === "TCP" || h.name === "UDP" || h.name === "ICMP" || h.name === "ARP" }, summary,
      element("table", {}, element("tbody", {}, rows))) : element("div", { class: "header flat" }, ...summary.childNodes);
    });
    return [...parts, element("h3", {}, bytes.length < length ? `The first ${bytes.length} of ${length} bytes` :
      `${length} bytes`), this.hexDump(bytes, cells, (b, on) => {
      light(b, b + 1, on);
      for (const f of fields) if (b >= f.from && b < f.to) f.row.classList.toggle("lit", on);
    })];
  }

  /* The bytes, a cell for each in both columns, which go into `cells`; point(b, on) is called for the one pointed at. */
  hexDump(bytes, cells, point) {
    const pre = element("pre", { class: "hex", "aria-label": "bytes of the frame", tabindex: 0 });
    const cell = (text, b) => {
      const span = document.createElement("span");
      span.textContent = text;
      span.byte = b;
      return span;
    };
    this.hexLines(pre, bytes, cells, cell, 0, HEX_SHOWN);
    for (const [event, on] of [["pointerover", true], ["pointerout", false]])
      pre.addEventListener(event, (e) => { if (e.target.byte !== undefined) point(e.target.byte, on); });
    if (bytes.length > HEX_SHOWN)
      pre.append(element("button", { class: "small", onclick: (e) => {
        e.target.remove();
        this.hexLines(pre, bytes, cells, cell, HEX_SHOWN, bytes.length);
      } }, `${bytes.length - HEX_SHOWN} more bytes`));
    return pre;
  }

  /* The lines of the bytes [from, to). */
  hexLines(pre, bytes, cells, cell, from, to) {
    for (let at = from; at < Math.min(to, bytes.length); at += 16) {
      const left = [], right = [];
      for (let b = at; b < at + 16; b++) {
        const space = b % 16 === 7 ? "  " : " ";
        if (b >= bytes.length) {
          left.push("  " + space);
          continue;
        }
        const v = bytes[b];
        cells[b] = [cell(v.toString(16).padStart(2, "0"), b), cell(v >= 32 && v < 127 ? String.fromCharCode(v) :
          "\u00b7", b)];
        left.push(cells[b][0], space);
        right.push(cells[b][1]);
      }
      pre.append(element("span", { class: "muted" }, at.toString(16).padStart(4, "0") + " "), ...left, ...right, "\n");
    }
  }

  /* ---- journey ---- */

  showJourney() {
    const { run, app } = this, packet = app.selectedPacket(), body = document.getElementById("side-journey");
    if (!packet) {
      body.replaceChildren(element("p", { class: "hint" }, "This call has no packet at hand. Choose a frame, or a call " +
        "that handles a packet."));
      return;
    }
    const events = app.packetEvents(packet), arrived = this.arrival(events), first = events[0], last = events[arrived];
    const around = (i) => { // the program's call that it is in, else the function
      const [top] = run.ancestors(i), parent = run.parent(i);
      return top !== undefined && run.kindOf(top) === EV.SYSCALL ? top : parent >= 0 ? parent : i;
    };
    const total = run.time[last] - run.time[first], frames = this.packetFrames(packet);
    const title = frames.length === 1 ? app.frameLabel(frames[0].index) : frames.length ? `${frames.length} frames` :
      "on no wire";
    body.replaceChildren(element("div", { class: "head" }, element("h2", {}, "Packet " + packet),
      element("div", { class: "sub" }, title)),
    element("dl", { class: "facts" },
      element("dt", {}, "begins"), element("dd", {}, this.where(first), " in ", this.go(around(first),
        run.name(around(first)))),
      element("dt", {}, "ends"), element("dd", {}, this.where(last), " in ", this.go(around(last),
        run.name(around(last)))),
      element("dt", {}, "takes"), element("dd", {}, total ? formatTime(total) : "no virtual time"),
      element("dt", {}, "steps"), element("dd", {}, formatCount(events.length))),
    this.shares(events.slice(0, arrived + 1)), this.steps(events, 0, arrived));
  }

  /* Where a journey ends: with the read() on another host, else with the last step on another host, else at its end. */
  arrival(events) {
    const { run } = this, away = (e) => run.hostOf(e) !== run.hostOf(events[0]);
    const read = events.findLastIndex((e) => away(e) && run.lanes[run.lane[e]].kind === LANE.TASK &&
      run.kindOf(run.ancestors(e)[0] ?? e) === EV.SYSCALL);
    const last = read >= 0 ? read : events.findLastIndex(away);
    return last >= 0 ? last : events.length - 1;
  }

  /* The parts of a frame's way to where it was received: until its first bit leaves, its last, and on the wire. */
  flight(frame, rx) {
    const { run } = this, total = run.time[rx] - run.time[frame.tx], { wait, send } = run.wires.get(frame.tx) ??
      { wait: 0, send: 0 };
    return wait + send <= total ? { wait, send, way: total - wait - send } : { wait: 0, send: 0, way: total };
  }

  /* Where the time went: a bar of what each host and wire took. */
  shares(events) {
    const { run } = this, parts = [], total = run.time[events[events.length - 1]] - run.time[events[0]];
    let a = events[0];
    for (const b of events) {
      const flight = run.frameOf.get(a), wire = run.kindOf(b) === EV.RX && run.hostOf(a) !== run.hostOf(b);
      /* while a frame is on its way, what its sender does with the packet is beside the point */
      if (flight && flight.tx === a && flight.rxs.some((r) => r > b) && run.kindOf(b) !== EV.TX) continue;
      const d = run.time[b] - run.time[a];
      a = b;
      if (!d) continue;
      const add = (name, time, onWire) => {
        const part = parts.find((p) => p.name === name);
        if (part) part.time += time;
        else if (time) parts.push({ name, time, wire: onWire });
      };
      if (wire && flight) {
        const { wait, send, way } = this.flight(flight, b);
        add("waiting for the wire", wait, false);
        add("sending", send, false);
        add("wire", way, true);
      } else {
        add("in " + run.hostOf(b).name, d, false);
      }
    }
    if (!parts.length || !total) return "";
    return element("div", {}, element("div", { class: "shares", role: "img", "aria-label": "where the time went" },
      parts.map((p, k) => element("i", { class: p.wire ? "share wire" : "share s" + k % 4,
        style: `flex-grow:${Math.max(1, Math.round(p.time / total * 1000))}` }))),
    element("ul", { class: "legend" }, parts.map((p, k) => element("li", {}, element("i", { class: p.wire ? "share wire" :
      "share s" + k % 4 }), `${p.name} `, element("b", {}, formatTime(p.time)),
    element("span", { class: "muted" }, ` ${Math.round(p.time / total * 100)} %`)))));
  }

  /* What to say of how a frame came. */
  onTheWay(e) {
    const { run } = this, frame = run.kindOf(e) === EV.RX ? run.frameOf.get(e) : null;
    if (!frame || frame.tx < 0) return "";
    const { wait, send, way } = this.flight(frame, e);
    return (wait ? `waited ${formatShort(wait)}, ` : "") + (send ? `sent in ${formatShort(send)}, ` : "") +
      `${formatShort(way)} on the wire`;
  }

  /* Every step: the functions that had the packet, the wire, the drops; with the time since the one before. */
  steps(events, from, arrived) {
    const { run, app } = this, list = element("ol", { class: "steps" });
    let k = from;
    for (; k < events.length && k - from < JOURNEY_MAX; k++) {
      const e = events[k], before = k ? events[k - 1] : -1, d = before < 0 ? 0 : run.time[e] - run.time[before];
      if (k === arrived + 1) list.append(element("li", { class: "after" }, "afterwards"));
      if (before < 0 || run.lane[e] !== run.lane[before] || k === arrived + 1)
        list.append(element("li", { class: "section" }, element("b", {}, run.hostOf(e).name), " \u00b7 ",
          run.lanes[run.lane[e]].title, element("span", { class: "when" }, run.clock(run.time[e]))));
      const fn = run.isCall(e) ? run.fns[run.fn[e]] : null;
      list.append(element("li", { class: (e === app.state.selected ? "on " : "") + (run.kindOf(e) === EV.DROP ? "bad" : "") },
        element("i", { class: "dot layer-" + run.layer(e) }), this.go(e, run.name(e), "name"),
        fn?.what ? element("span", { class: "what", title: fn.what }, fn.what) : element("span", { class: "what" },
          this.onTheWay(e)),
        d ? element("span", { class: "delay" }, "+" + formatShort(d)) : ""));
    }
    if (k < events.length)
      list.append(element("li", {}, element("button", { class: "small more", onclick: (ev) =>
        ev.target.closest("li").replaceWith(...this.steps(events, k, arrived).children) },
      `${formatCount(events.length - k)} more steps`)));
    return list;
  }
}
