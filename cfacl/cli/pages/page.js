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
    explain(row, column);
    if (byKey) why.focus();
  },
  moved: (row, column) => {
    if (!why.hidden) explain(row, column);
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
  const missed = [!rows.length && unmatched("families", "family"), !columns.length && unmatched("columns", sheet.words.columns.slice(0, -1))];
  if (element("used").checked) {
    rows = rows.filter((row) => columns.some((column) => sheet.part(row, column)));
    columns = columns.filter((column) => rows.some((row) => sheet.part(row, column)));
  }
  shown = { rows, columns };
  const none = sheet.families.length > 0 && sheet.columns.length > 0 && !(rows.length && columns.length);
  element("none").replaceChildren(...(none ? [missed.filter(Boolean).join(" ") || "All that matches is empty, and hidden.", " ", clearing()] : []));
  element("none").hidden = !none;
  element("scroller").hidden = none;
  why.hidden = true; // what it explains may not be shown any more
  grid.show(grouped(rows), columns);
  const told = (part, whole, name) => `${part.toLocaleString("en")} of ${whole.toLocaleString("en")} ${name}`;
  element("count").textContent =
    `${told(rows.length, sheet.families.length, "families")}, ${told(columns.length, sheet.columns.length, sheet.words.columns)}`;
}

function unmatched(id, name) {
  return `No ${name} matches \u201c${element(id).value.trim()}\u201d.`;
}

function clearing() {
  const button = make("button", { type: "button" }, "Show everything");
  button.addEventListener("click", () => {
    for (const id of ["families", "columns"]) element(id).value = "";
    element("used").checked = false;
    choose();
    element("families").focus();
  });
  return button;
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

function explain(row, column) {
  why.replaceChildren(closing(), ...explained(row, column));
  why.hidden = false;
  why.scrollTop = 0;
}

function explained(row, column) {
  if (row !== null && row < 0) return [make("h2", {}, groups[-row - 1].title.cloneNode(true)), make("p", {}, groups[-row - 1].count)];
  if (row === null && column === null) return [make("h2", {}, element("grid").ariaLabel), make("p", {}, element("count").textContent)];
  if (column === null) {
    const { name } = sheet.families[row];
    const roles = listed(shown.columns, (each) => [sheet.part(row, each), sheet.columns[each].name]);
    return [make("h2", {}, name), familyNote(row), ...may(row), ...roles];
  }
  const { name, note } = sheet.columns[column];
  if (row === null) {
    const families = listed(shown.rows, (each) => [sheet.part(each, column), sheet.families[each].name]);
    return [make("h2", {}, name), make("p", {}, note), ...families, ...held(column)];
  }
  const part = sheet.part(row, column);
  const said = [make("h2", {}, `${name}, ${sheet.families[row].name}`), familyNote(row)];
  const nothing = [make("h3", {}, sheet.words.nothing), make("p", {}, sheet.words.none)];
  return [...said, ...(part ? sheet.entries(part).flatMap(entry) : nothing), ...held(column, row)];
}

function familyNote(row) {
  const { level, purposes } = sheet.families[row];
  return make("p", {}, sheet.chip(level), " ", purposes ? `may be used for ${purposes}` : "may be used for nothing");
}

function entry({ what, purposes, when, columns, grounds }) {
  const told = [make("h3", {}, what), make("p", {}, `for ${purposes}`)];
  if (columns) told.push(make("p", {}, ...coded(columns)));
  if (when) told.push(make("p", {}, when));
  const list = make("ul", { "aria-label": "Grants" });
  for (const each of grounds) {
    const facts = make("dl");
    const fact = (term, text) => text && facts.append(make("dt", {}, term), make("dd", {}, text));
    fact("why", each.why);
    fact("through", each.roles);
    fact("for", each.purposes);
    fact("when", each.when);
    list.append(make("li", {}, make("code", {}, each.path), facts));
  }
  return [...told, list];
}

// A text with what stands in backticks as code.
function coded(text) {
  return text.split("`").map((each, i) => (i % 2 ? make("code", {}, each) : each));
}

function listed(members, look) {
  const found = new Map();
  for (const each of members) {
    const [part, name] = look(each);
    if (part) gather(found, sheet.spoken(part), name);
  }
  const told = [...found].flatMap(([spoken, names]) => [make("h3", {}, spoken), make("p", {}, names.join(", "))]);
  return told.length ? told : [make("h3", {}, sheet.words.nothing)];
}

// Who: people, where the page knows them

function gatherAll(found, key, names) {
  for (const each of names) gather(found, key, each);
}

function people(found) {
  if (!found.size) return [make("p", {}, "nobody")];
  return [...found].map(([way, names]) => make("p", {}, make("small", {}, `${way}: `), names.join(", ")));
}

// Who may use a family, by all roles that they hold together: what `cfacl who` answers.
function may(row) {
  if (!sheet.words.held) return [];
  const found = new Map(sheet.words.actions.split(", ").map((each) => [each, new Map()]));
  for (const { names, part } of users(row))
    for (const { what, purposes, when } of sheet.entries(part))
      for (const action of what.split(", ")) gatherAll(found.get(action), `for ${purposes}${when && `, ${when}`}`, names);
  const told = [...found].flatMap(([action, ways]) => [make("h3", {}, `who may ${action}`), ...people(ways)]);
  return [...told, make("h2", { class: "then" }, sheet.words.who)];
}

function users(row) {
  return sheet.people.map((each) => ({ names: each.names, part: sheet.may(each, row) })).filter(({ part }) => part);
}

// Who holds a role, and for a family what each of them may do there by all roles that they hold together.
function held(column, row = null) {
  if (!sheet.words.held) return [];
  const found = new Map();
  for (const { people, roles, when } of sheet.holders(column)) {
    const what = row === null ? "" : sheet.spoken(sheet.may(people, row));
    if (!found.has(what)) found.set(what, new Map());
    gatherAll(found.get(what), `through ${roles}${when && `, ${when}`}`, people.names);
  }
  const told = [...found].flatMap(([what, ways]) => [...(what ? [make("h3", {}, `${sheet.words.held} ${what}`)] : []), ...people(ways)]);
  return [make("h2", { class: "then" }, "Who holds this role"), ...(told.length ? told : people(found))];
}

// Printing: not what is in view, but all that is chosen, as a list

const PRINTED = 100; // how many people of a cell: a list of all thousands on thousands of families is not read

function table(heads, body) {
  const cells = heads.map((each) => make("th", { scope: "col" }, each));
  return make("table", {}, make("thead", {}, make("tr", {}, ...cells)), body);
}

function printedRow(...cells) {
  return make("tr", {}, ...cells.map((each) => make("td", {}, each)));
}

function printed() {
  const heads = ["Family", "Level", sheet.words.may, sheet.words.who];
  if (sheet.words.held) heads.push("Who may, by all roles held");
  const body = make("tbody");
  for (const row of grid.rows) {
    if (row < 0) {
      const heading = groupHeading(make("th", { scope: "rowgroup", colspan: heads.length }), row);
      body.append(make("tr", {}, heading));
      continue;
    }
    const [roles, users] = [new Map(), printedUsers(row)];
    for (const column of shown.columns) {
      const part = sheet.part(row, column);
      if (part) gather(roles, sheet.label(part), sheet.columns[column].name);
    }
    const labels = new Set([...roles.keys(), ...users.keys()]);
    if (!labels.size) labels.add("\u2013");
    for (const label of labels) {
      const { name, level } = sheet.families[row];
      const cells = [name, sheet.chip(level), label, (roles.get(label) ?? [users.size ? "\u2013" : "nobody"]).join(", ")];
      if (sheet.words.held) cells.push(some(users.get(label) ?? ["nobody"]));
      body.append(printedRow(...cells));
    }
  }
  element("paper").replaceChildren(table(heads, body), ...(sheet.words.held ? [printedHolders()] : []));
}

function printedUsers(row) {
  const found = new Map();
  for (const { names, part } of users(row)) {
    const times = [...new Set(sheet.entries(part).map(({ when }) => when || "always"))].join(" or ");
    gatherAll(found, sheet.label(part), times === "always" ? names : names.map((each) => `${each} ${times}`));
  }
  return found;
}

function some(names) {
  const more = names.length - PRINTED;
  return names.slice(0, PRINTED).join(", ") + (more > 0 ? ` and ${more.toLocaleString("en")} more: ask cfacl who` : "");
}

function printedHolders() {
  const body = make("tbody");
  for (const column of shown.columns) {
    const cell = make("td", {}, ...held(column).slice(1));
    body.append(make("tr", {}, make("td", {}, sheet.columns[column].name), cell));
  }
  return table(["Role", "Who holds it"], body);
}

addEventListener("beforeprint", printed);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
addEventListener("afterprint", () => element("paper").replaceChildren());
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !why.hidden) close();
});
for (const id of ["families", "columns"]) element(id).addEventListener("input", choose);
for (const id of ["group", "used"]) element(id).addEventListener("change", choose);
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
choose();
