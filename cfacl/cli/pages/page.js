// The page: what is shown, how it is grouped, what is explained, and what is printed.

const element = (id) => document.getElementById(id);
const sheet = new Sheet(JSON.parse(element("data").textContent));
const why = element("why");
document.documentElement.dataset.kind = sheet.words.kind;
document.documentElement.style.setProperty("--longest", sheet.columns.reduce((most, { name }) => Math.max(most, name.length), 3));

const grid = new Grid(element("scroller"), element("grid"), {
  corner: (heading) => heading.append("Family"),
  head: (heading, column) => {
    heading.append(make("span", { title: sheet.columns[column].name }, sheet.columns[column].name));
  },
  group: (heading, row) => groupHeading(heading, row),
  name: (heading, row) => {
    const { name, level } = sheet.families[row];
    heading.append(make("div", {}, make("bdi", { title: name }, name), " ", sheet.chip(level)));
  },
  cell: (cell, row, column) => {
    const part = sheet.part(row, column);
    const label = sheet.label(part);
    const spoken = part ? `${label} (${sheet.spoken(part)})` : sheet.spoken(part);
    cell.setAttribute("aria-label", `${sheet.columns[column].name}, ${sheet.families[row].name}: ${spoken}`);
    if (!part) return;
    cell.append(label);
    const lost = sheet.words.kind === "diff" && !label.includes("+");
    cell.className = lost ? "loss" : `${sheet.shade(sheet.families[row].level)}${sheet.words.kind === "diff" ? " gain" : ""}`;
  },
  chosen: (row, column, byKey) => {
    if ((row === null && column === null) || (row !== null && row < 0)) return;
    why.replaceChildren(closing(), ...explained(row, column));
    why.hidden = false;
    why.scrollTop = 0;
    if (byKey) why.focus();
  },
});

// Choosing

let groups = [];
let shown = { rows: [], columns: [] };

function words(id) {
  return element(id).value.toLowerCase().split(/\s+/).filter(Boolean);
}

function matching(count, wanted, text) {
  const all = Array.from({ length: count }, (_, i) => i);
  return wanted.length ? all.filter((i) => wanted.every((word) => text(i).toLowerCase().includes(word))) : all;
}

function choose() {
  let rows = matching(sheet.families.length, words("families"), (i) => {
    const { name, level } = sheet.families[i];
    return `${name} ${sheet.levels[level]}`;
  });
  let columns = matching(sheet.columns.length, words("columns"), (i) => sheet.columns[i].name);
  if (element("used").checked) {
    rows = rows.filter((row) => columns.some((column) => sheet.part(row, column)));
    columns = columns.filter((column) => rows.some((row) => sheet.part(row, column)));
  }
  shown = { rows, columns };
  grid.show(grouped(rows), columns);
  const told = (part, whole, name) => `${part.toLocaleString("en")} of ${whole.toLocaleString("en")} ${name}`;
  element("count").textContent =
    `${told(rows.length, sheet.families.length, "families")}, ${told(columns.length, sheet.columns.length, sheet.words.columns)}`;
}

function gather(found, key, each) {
  if (found.has(key)) found.get(key).push(each);
  else found.set(key, [each]);
}

function grouped(rows) {
  const by = element("group").value;
  groups = [];
  if (!by) return rows;
  const found = new Map();
  for (const row of rows) {
    gather(found, sheet.families[row][by], row);
  }
  const keys = [...found.keys()];
  if (by === "level") keys.sort((one, other) => other - one); // highest first
  return keys.flatMap((key) => {
    const title = by === "level" ? sheet.chip(key) : document.createTextNode(key);
    const members = found.get(key);
    groups.push({ title, count: members.length === 1 ? "1 family" : `${members.length.toLocaleString("en")} families` });
    return [-groups.length, ...members];
  });
}

function groupHeading(heading, row) {
  const { title, count } = groups[-row - 1];
  heading.append(make("div", {}, title.cloneNode(true), " ", make("small", {}, count)));
  return heading;
}

// Explaining

function closing() {
  const button = make("button", { class: "close", type: "button", "aria-label": "Close the explanation" }, "\u00d7");
  button.addEventListener("click", close);
  return button;
}

function close() {
  why.hidden = true;
  element("grid").focus();
}

function explained(row, column) {
  if (column === null) return listed(sheet.families[row].name, [familyNote(row)], shown.columns, (each) => [sheet.part(row, each), sheet.columns[each].name]);
  const { name, note } = sheet.columns[column];
  if (row === null) return listed(name, [make("p", {}, note)], shown.rows, (each) => [sheet.part(each, column), sheet.families[each].name]);
  const part = sheet.part(row, column);
  const said = [make("h2", {}, `${name}, ${sheet.families[row].name}`), familyNote(row)];
  if (!part) return [...said, make("h3", {}, sheet.words.nothing), make("p", {}, sheet.words.none)];
  return [...said, ...sheet.entries(part).flatMap(entry)];
}

function familyNote(row) {
  const { level, purposes } = sheet.families[row];
  return make("p", {}, sheet.chip(level), " ", purposes ? `may be used for ${purposes}` : "may be used for nothing");
}

function entry({ what, purposes, when, columns, grounds }) {
  const told = [make("h3", {}, what), make("p", {}, `for ${purposes}`)];
  if (columns) told.push(make("p", {}, columns));
  if (when) told.push(make("p", {}, when));
  const list = make("ul", { "aria-label": "Grants" });
  for (const each of grounds) {
    const facts = make("dl");
    const fact = (term, text) => text && facts.append(make("dt", {}, term), make("dd", {}, text));
    fact("why", each.why);
    fact("through", each.roles.join(" \u203a "));
    fact("for", each.purposes);
    fact("when", each.when);
    list.append(make("li", {}, make("code", {}, each.path), facts));
  }
  return [...told, list];
}

function listed(title, notes, members, look) {
  const found = new Map();
  for (const each of members) {
    const [part, name] = look(each);
    if (part) gather(found, sheet.spoken(part), name);
  }
  const told = [...found].flatMap(([spoken, names]) => [make("h3", {}, spoken), make("p", {}, names.join(", "))]);
  return [make("h2", {}, title), ...notes, ...(told.length ? told : [make("h3", {}, sheet.words.nothing)])];
}

// Printing: not what is in view, but all that is chosen, as a list

function printed() {
  const heads = ["Family", "Level", sheet.words.may, sheet.words.who].map((each) => make("th", { scope: "col" }, each));
  const body = make("tbody");
  for (const row of grid.rows) {
    if (row < 0) {
      const heading = groupHeading(make("th", { scope: "rowgroup", colspan: heads.length }), row);
      body.append(make("tr", {}, heading));
      continue;
    }
    const found = new Map();
    for (const column of shown.columns) {
      const part = sheet.part(row, column);
      if (part) gather(found, sheet.label(part), sheet.columns[column].name);
    }
    if (!found.size) found.set("\u2013", ["nobody"]);
    for (const [label, names] of found) {
      const { name, level } = sheet.families[row];
      const cells = [name, sheet.chip(level), label, names.join(", ")];
      body.append(make("tr", {}, ...cells.map((each) => make("td", {}, each))));
    }
  }
  element("paper").replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body));
}

addEventListener("beforeprint", printed);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
addEventListener("afterprint", () => element("paper").replaceChildren());
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !why.hidden) close();
});
for (const id of ["families", "columns", "group", "used"]) element(id).addEventListener("input", choose);
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
choose();
