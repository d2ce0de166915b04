// What the page was made with, unpacked: families down, roles or principals across, and what stands in each cell.

class Sheet {
  constructor(packed) {
    this.texts = packed.texts;
    this.words = packed.words;
    this.levels = packed.levels;
    this.families = packed.families.map(([table, name, level, purposes]) => ({
      table: this.texts[table], name: `${this.texts[table]}:${this.texts[name]}`, level, purposes: this.texts[purposes],
    }));
    this.columns = packed.columns.map(([name, note]) => ({ name: this.texts[name], note: this.texts[note] }));
    this.people = packed.people.map(([names, held, cells]) => ({
      names: names.map(([name, kind]) => `${this.texts[name]} (${this.texts[kind]})`), held, cells,
    }));
    this.parts = packed.parts;
    this.grounds = packed.grounds;
    this.chains = packed.chains;
    this.cells = new Int32Array(this.families.length * this.columns.length); // 0 is nothing, else a part's number and 1
    packed.cells.forEach((filled, column) => {
      for (const [part, ...runs] of filled)
        for (let i = 0; i < runs.length; i += 2)
          for (let row = runs[i]; row < runs[i] + runs[i + 1]; row++) this.cells[row * this.columns.length + column] = part + 1;
    });
  }

  part(row, column) {
    return this.parts[this.cells[row * this.columns.length + column] - 1];
  }

  // What people who are alike may do to a family, by all that they hold.
  may({ cells }, row) {
    for (const filled of cells)
      for (let i = 1; i < filled.length; i += 2) if (row >= filled[i] && row < filled[i] + filled[i + 1]) return this.parts[filled[0]];
  }

  // Who holds a column: people who are alike, and how they came to it.
  holders(column) {
    return this.people.flatMap((people) =>
      people.held.filter(([each]) => each === column).map(([, chain, when]) => ({ people, roles: this.chain(chain), when: this.texts[when] })));
  }

  chain(number) {
    return this.chains[number].map((each) => this.texts[each]).join(" \u203a ");
  }

  shade(level) {
    return `l${Math.floor((level * 4) / Math.max(1, this.levels.length - 1))}`;
  }

  chip(level) {
    return make("span", { class: `level ${this.shade(level)}` }, this.levels[level]);
  }

  // What stands in a cell: its letters, and the same in words.
  label(part) {
    return part ? this.texts[part[0]] : "";
  }

  spoken(part) {
    return part ? this.texts[part[1]] : this.words.nothing;
  }

  // Its entries: what, for which purposes, when, which columns, and by which grants.
  entries(part) {
    return part.slice(2).map(([what, purposes, when, columns, ...by]) => ({
      what: this.texts[what], purposes: this.texts[purposes], when: this.texts[when], columns: this.texts[columns],
      grounds: by.filter((_, i) => i % 2 === 0).map((ground, i) => this.ground(ground, by[2 * i + 1])),
    }));
  }

  ground(number, chain) {
    const [path, why, purposes, when] = this.grounds[number].map((each) => this.texts[each]);
    return { path, why, purposes, when, roles: this.chain(chain) };
  }
}
