// table.js: a row for each stack. Rows stay the same elements; only what changed is written.
import {Sparkline} from './chart.js';
import {duration, el, place, placeOf, rateText, signed} from './dom.js';
import {isExercise, sourceOf, splitLine} from './sources.js';

const kColumns = [
  ['count', 'now'], ['growth', 'since mark'], ['rate', 'per request'], ['trend', 'trend'],
  ['state', 'state'], ['age', 'oldest wait'], ['where', 'where it is'], ['creator', 'created by'],
];
export const kOrders = ['count', 'growth', 'age'];  // the columns that can be sorted by

// The rows are boxes of their own (page.css), so the roles of a table are said.
class Row {
  #shown = {};

  constructor(stack, open) {
    this.cells = Object.fromEntries(kColumns.map(([name]) => [name, el(`td.${name}`, {role: 'cell'})]));
    this.spark = new Sparkline();
    this.cells.trend.append(this.spark.element);
    // The source comes later. The row has room for it from the start: rows that move take a click that
    // was meant for another one.
    this.code = el(isExercise(stack.where) ? 'code.two' : 'code', {hidden: !stack.where});
    this.cells.where.append(...whereOf(stack), this.code);
    this.cells.creator.append(...creatorOf(stack));
    this.element = el('tr', {role: 'row', tabIndex: 0, onclick: () => open(stack.key)},
      ...Object.values(this.cells));
    this.element.dataset.key = stack.key;
    this.#showSource(stack.where);
  }

  async #showSource(frame) {
    const lines = frame && await sourceOf(frame.file);
    const line = lines?.[frame.line - 1]?.trim();
    if (!line) return;
    const {code, go} = splitLine(line, isExercise(frame));
    this.code.replaceChildren(code, el('span.go', {}, go.replace('//', '').trim()));
  }

  // Writes what is new.
  #show(name, value, write) {
    if (this.#shown[name] === value) return;
    this.#shown[name] = value;
    write(value);
  }
  #text(name, text) {
    this.#show(name, text, () => (this.cells[name].textContent = text));
  }

  update(stack, model, opened) {
    const {count} = stack, growth = model.growth(stack);
    this.#text('count', String(count));
    this.#text('growth', growth ? signed(growth) : '');
    this.#text('rate', growth && model.requests > 0 ? rateText(growth / model.requests) : '');
    this.#text('state', stack.state);
    this.#text('age', count > 0 ? duration(stack.waited_ms) : '');
    const kinds = {own: stack.own, grew: growth > 0, shrank: growth < 0, gone: count === 0, open: opened};
    const names = Object.keys(kinds).filter((kind) => kinds[kind]).join(' ');
    this.#show('kinds', names, () => (this.element.className = names));
    this.spark.draw(stack.trail);
  }
}

function whereOf({where, labels}) {
  if (!where) return [el('b', {}, '(not started)')];
  return [el('b', {}, where.function), ' ', placeOf(where), ' ', el('span.labels', {}, labels)];
}

const creatorOf = ({creator}) => (creator ? [creator.function, ' ', placeOf(creator)] : []);

export class Table {
  #rows = new Map();  // key → Row
  #order = '';

  // open(key) is called for a row, sort(order) for the head of a column.
  constructor(open, sort) {
    this.open = open;
    this.body = el('tbody', {role: 'rowgroup'});
    this.empty = el('p.empty', {hidden: true}, 'No stack has these words.');
    this.heads = kColumns.map(([name, title]) => {
      const order = kOrders.includes(name);
      return el(`th.${name}`, {scope: 'col', role: 'columnheader'},
        order ? el('button', {title: `sort by ${title}`, onclick: () => sort(name)}, title) : title);
    });
    this.element = el('div', {}, el('table', {role: 'table', 'aria-label': 'goroutines by stack'},
      el('thead', {role: 'rowgroup'}, el('tr', {role: 'row'}, ...this.heads)), this.body), this.empty);
  }

  draw(model, words, order, opened) {
    const stacks = model.rows(words, order);
    this.#sayOrder(order);
    const wanted = stacks.map((stack) => {
      const row = this.#rows.get(stack.key) ?? new Row(stack, this.open);
      this.#rows.set(stack.key, row);
      row.update(stack, model, stack.key === opened);
      return row.element;
    });
    place(this.body, wanted);
    for (const key of this.#rows.keys()) if (!model.stacks.has(key)) this.#rows.delete(key);
    this.empty.hidden = stacks.length > 0;
  }

  #sayOrder(order) {
    if (order === this.#order) return;
    this.#order = order;
    kColumns.forEach(([name], i) => {
      if (!kOrders.includes(name)) return;
      this.heads[i].setAttribute('aria-sort', name === order ? 'descending' : 'none');
    });
  }

  // Moves the focus n rows down from the row that has it, or else from the open one.
  move(n, opened) {
    const rows = [...this.body.children];
    const from = rows.includes(document.activeElement) ? document.activeElement : this.rowOf(opened);
    const at = rows.indexOf(from) + n;
    rows[Math.min(Math.max(at, 0), rows.length - 1)]?.focus();
  }

  rowOf(key) {
    return this.#rows.get(key)?.element;
  }

  forget() {
    this.#rows.clear();
  }
}
