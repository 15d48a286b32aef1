// table.js: a row for each stack. Rows stay the same elements; only what changed is written.
import {Sparkline} from './chart.js';
import {duration, el, placeOf, rateText, setText, signed} from './dom.js';
import {isExercise, sourceOf, splitLine} from './sources.js';

const kColumns = [
  ['count', 'now'], ['growth', 'since mark'], ['rate', 'per request'], ['trend', 'trend'],
  ['state', 'state'], ['age', 'oldest wait'], ['where', 'where it is'], ['creator', 'created by'],
];

class Row {
  constructor(stack, open) {
    this.cells = Object.fromEntries(kColumns.map(([name]) => [name, el(`td.${name}`)]));
    this.spark = new Sparkline();
    this.cells.trend.append(this.spark.element);
    this.code = el('code');
    this.cells.where.append(...whereOf(stack), this.code);
    this.cells.creator.append(...creatorOf(stack));
    this.element = el('tr', {tabIndex: 0, onclick: () => open(stack.key)},
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

  update(stack, model) {
    const count = model.count(stack.key), growth = model.growth(stack);
    const {cells} = this;
    setText(cells.count, String(count));
    setText(cells.growth, growth ? signed(growth) : '');
    setText(cells.rate, growth && model.requests > 0 ? rateText(growth / model.requests) : '');
    setText(cells.state, stack.state);
    setText(cells.age, count > 0 ? duration(stack.waited_ms) : '');
    this.element.classList.toggle('own', stack.own);
    this.element.classList.toggle('grew', growth > 0);
    this.element.classList.toggle('shrank', growth < 0);
    this.element.classList.toggle('gone', count === 0);
    this.spark.draw(model.recent(stack.key));
  }
}

function whereOf({where, labels}) {
  if (!where) return [el('b', {}, '(not started)')];
  return [el('b', {}, where.function), ' ', placeOf(where), ' ', el('span.labels', {}, labels)];
}

const creatorOf = ({creator}) => (creator ? [creator.function, ' ', placeOf(creator)] : []);

export class Table {
  #rows = new Map();  // key → Row

  constructor(open) {
    this.open = open;
    this.body = el('tbody');
    this.empty = el('p.empty', {hidden: true}, 'No stack has these words.');
    this.heads = kColumns.map(([name, title]) => el(`th.${name}`, {scope: 'col'}, title));
    this.element = el('div', {}, el('table', {}, el('thead', {}, el('tr', {}, ...this.heads)), this.body),
      this.empty);
  }

  draw(model, words, order, opened) {
    const stacks = model.rows(words, order);
    for (const head of this.heads) head.setAttribute('aria-sort', head.className === order ? 'descending' : 'none');
    const wanted = stacks.map((stack) => {
      const row = this.#rows.get(stack.key) ?? new Row(stack, this.open);
      this.#rows.set(stack.key, row);
      row.update(stack, model);
      row.element.classList.toggle('open', stack.key === opened);
      return row.element;
    });
    // Elements that move lose the focus, so only a new order is written.
    const present = this.body.children;
    const same = wanted.length === present.length && wanted.every((row, i) => row === present[i]);
    if (!same) {
      const focused = document.activeElement;
      this.body.replaceChildren(...wanted);
      if (this.body.contains(focused)) focused.focus();
    }
    for (const key of this.#rows.keys()) if (!model.stacks.has(key)) this.#rows.delete(key);
    this.empty.hidden = stacks.length > 0;
  }

  // Moves the focus n rows down.
  move(n) {
    const rows = [...this.body.children];
    const at = rows.indexOf(document.activeElement);
    rows[Math.min(Math.max(at + n, 0), rows.length - 1)]?.focus();
  }

  forget() {
    this.#rows.clear();
  }
}
