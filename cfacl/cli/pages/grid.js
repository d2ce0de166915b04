// A table of any size of which only what is in view is in the document.

const OVER = 5; // rows and columns beyond what is in view

function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(name, value);
  made.append(...children); // as text: nothing that a policy says is ever read as HTML
  return made;
}

class Grid {
  // source: corner() head(column) name(row) group(row) cell(row, column), which fill an element; moved(row, column) by
  // keys; chosen(row, column, byKey): row and column by their numbers in the source, null for a heading. A negative row is a heading of a group.
  constructor(scroller, table, source) {
    Object.assign(this, { scroller, table, source, rows: [], columns: [], row: 0, column: 0, drawn: "" });
    scroller.addEventListener("scroll", () => requestAnimationFrame(() => this.draw()), { passive: true });
    new ResizeObserver(() => this.measure()).observe(scroller);
    table.addEventListener("keydown", (event) => this.pressed(event));
    table.addEventListener("click", (event) => this.clicked(event));
    const probe = make("div", { class: "measure", "aria-hidden": "true" }, make("i"));
    scroller.after(probe);
    this.probe = probe;
  }

  show(rows, columns) {
    Object.assign(this, { rows, columns, row: 0, column: 0 });
    while (this.row < rows.length - 1 && rows[this.row] < 0) this.row++;
    this.scroller.scrollTo(0, 0);
    this.table.setAttribute("aria-rowcount", rows.length + 1);
    this.table.setAttribute("aria-colcount", columns.length + 1);
    this.measure();
  }

  measure() {
    const [cell, names] = [this.probe.getBoundingClientRect(), this.probe.firstChild.getBoundingClientRect()];
    Object.assign(this, { wide: cell.width, high: cell.height, names: names.width, head: names.height, drawn: "" });
    this.draw();
  }

  span(offset, size, each, count) {
    const first = Math.max(0, Math.min(count, Math.floor(offset / each)) - OVER);
    return [first, Math.min(count, Math.ceil((offset + size) / each) + OVER)];
  }

  draw() {
    const { scroller, rows, columns } = this;
    const [top, bottom] = this.span(scroller.scrollTop, Math.max(scroller.clientHeight, 1) , this.high, rows.length);
    const [left, right] = this.span(scroller.scrollLeft, Math.max(scroller.clientWidth, 1), this.wide, columns.length);
    const key = [top, bottom, left, right, this.row, this.column].join();
    if (key === this.drawn) return;
    this.drawn = key;
    const widths = [this.names, left * this.wide, ...Array(right - left).fill(this.wide), (columns.length - right) * this.wide];
    const group = make("colgroup");
    for (const width of widths) group.append(this.sized(make("col"), "width", width));
    const heading = this.line(0, this.corner(), left, right, (column) => this.heading(column));
    const body = make("tbody");
    body.append(this.gap(top));
    for (let row = top; row < bottom; row++) body.append(this.drawnRow(row, left, right));
    body.append(this.gap(rows.length - bottom));
    this.sized(this.table, "width", this.names + columns.length * this.wide);
    this.table.replaceChildren(group, make("thead", {}, heading), body);
    const active = this.table.querySelector(".active");
    if (active) this.table.setAttribute("aria-activedescendant", active.id);
    else this.table.removeAttribute("aria-activedescendant");
  }

  sized(element, side, size) {
    element.style[side] = `${size}px`;
    return element;
  }

  gap(count) {
    const gap = make("tr", { "aria-hidden": "true" }, make("td", { "aria-hidden": "true" }));
    if (count) this.sized(gap.firstChild, "height", count * this.high);
    else gap.hidden = true;
    return gap;
  }

  line(number, first, left, right, cell) {
    const line = make("tr", { role: "row", "aria-rowindex": number + 1 }, first, make("td", { "aria-hidden": "true" }));
    for (let column = left; column < right; column++) line.append(cell(column));
    line.append(make("td", { "aria-hidden": "true" }));
    return line;
  }

  placed(element, row, column) {
    element.id = `at${row}.${column}`;
    element.setAttribute("aria-colindex", column + 2);
    element.dataset.row = row;
    element.dataset.column = column;
    if (row === this.row && column === this.column) element.classList.add("active");
    else if ((row === -1 && column === this.column) || (column === -1 && row === this.row)) element.classList.add("on");
    return element;
  }

  corner() {
    const corner = make("th", { scope: "col", class: "corner" });
    this.source.corner(corner);
    return this.placed(corner, -1, -1);
  }

  heading(column) {
    const heading = make("th", { scope: "col" });
    this.source.head(heading, this.columns[column]);
    return this.placed(heading, -1, column);
  }

  drawnRow(row, left, right) {
    const number = this.rows[row];
    const name = make("th", { scope: "row" });
    if (number < 0) {
      this.source.group(name, number);
      name.setAttribute("aria-colspan", this.columns.length + 1);
      if (row === this.row) name.classList.add("active");
      const line = make("tr", { role: "row", class: "group", "aria-rowindex": row + 2 }, this.placed(name, row, -1));
      line.append(make("td", { "aria-hidden": "true", colspan: right - left + 2 }));
      return line;
    }
    this.source.name(name, number);
    return this.line(row + 1, this.placed(name, row, -1), left, right, (column) => {
      const cell = make("td", { role: "gridcell" });
      this.source.cell(cell, number, this.columns[column]);
      return this.placed(cell, row, column);
    });
  }

  // Moving

  go(row, column) {
    this.row = Math.max(-1, Math.min(this.rows.length - 1, row));
    this.column = Math.max(-1, Math.min(this.columns.length - 1, column));
    const { scroller } = this;
    const room = { high: scroller.clientHeight - this.head, wide: scroller.clientWidth - this.names };
    if (this.row >= 0) scroller.scrollTop = this.nearest(scroller.scrollTop, this.row * this.high, this.high, room.high);
    if (this.column >= 0) scroller.scrollLeft = this.nearest(scroller.scrollLeft, this.column * this.wide, this.wide, room.wide);
    this.draw();
  }

  nearest(offset, start, size, room) {
    return Math.max(Math.min(offset, start), start + size - Math.max(room, size));
  }

  pressed(event) {
    const page = Math.max(1, Math.floor((this.scroller.clientHeight - this.head) / this.high) - 1);
    const ends = event.ctrlKey || event.metaKey;
    const moves = {
      ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
      PageUp: [-page, 0], PageDown: [page, 0],
      Home: [ends ? -Infinity : 0, -Infinity], End: [ends ? Infinity : 0, Infinity],
    };
    if (event.key in moves) {
      const [down, along] = moves[event.key];
      this.go(this.row + down, this.column + along);
      this.source.moved(...this.at());
    } else if (event.key === "Enter" || event.key === " ") this.choose(true);
    else return;
    event.preventDefault();
  }

  clicked(event) {
    const at = event.target.closest("[data-row]");
    if (!at) return;
    this.go(Number(at.dataset.row), Number(at.dataset.column));
    this.choose(false);
  }

  choose(byKey) {
    this.source.chosen(...this.at(), byKey);
  }

  at() {
    return [this.row < 0 ? null : this.rows[this.row], this.column < 0 ? null : this.columns[this.column]];
  }
}
