// chart.js: the total over time, and the sparkline of a row.
import {el, setText, svg} from './dom.js';

const kWidth = 1000, kHeight = 1000;  // of the drawing: its points are whole numbers

// 1, 2 or 5 times a power of ten.
export function niceMax(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 5)));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value);
}

function path(points) {
  return points.map(([x, y], i) => `${i ? 'L' : 'M'}${Math.round(x)} ${Math.round(y)}`).join('');
}

// A line that stays the same costs nothing.
class Line {
  #drawn = '';

  constructor(kind, attributes = {'vector-effect': 'non-scaling-stroke'}) {
    this.element = svg('path', {class: kind, ...attributes});
  }

  draw(d) {
    if (d === this.#drawn) return;
    this.#drawn = d;
    this.element.setAttribute('d', d);
  }
}

export class Chart {
  atLeast = 0;  // the axis reaches so far: two charts side by side share theirs

  constructor(parent) {
    this.parent = parent;
    this.area = new Line('area', {});
    this.line = new Line('line');
    this.load = new Line('load');
    this.mark = new Line('mark');
    this.max = el('span.max');
    this.span = el('span.span');
    const lines = [this.area, this.load, this.line, this.mark].map(({element}) => element);
    parent.append(
      svg('svg', {viewBox: `0 0 ${kWidth} ${kHeight}`, preserveAspectRatio: 'none'}, ...lines),
      this.max, this.span);
  }

  draw(model) {
    const looks = model.history;
    const max = niceMax(Math.max(this.atLeast, model.highest) * 1.05);
    const begin = looks[0].time, length = Math.max(looks.at(-1).time - begin, 30_000);
    const x = (look) => ((look.time - begin) / length) * kWidth;
    const y = (look) => kHeight - (look.total / max) * kHeight;
    const top = path(looks.map((look) => [x(look), y(look)]));
    this.line.draw(top);
    this.area.draw(`${top}V${kHeight}H0Z`);
    // A tick at the foot where requests came in.
    const ticks = looks.filter((look, i) => i > 0 && look.requests > looks[i - 1].requests);
    this.load.draw(ticks.map((look) => `M${Math.round(x(look))} ${kHeight}v${-kHeight / 12}`).join(''));
    this.mark.draw(`M${Math.round(Math.max(x(model.mark), 0))} 0V${kHeight}`);
    setText(this.max, String(max));
    setText(this.span, `${Math.round(length / 1000)} s`);
    this.parent.setAttribute('aria-label',
      `goroutines over ${Math.round(length / 1000)} seconds: ${looks.at(-1).total} now, ${model.highest} at most`);
  }
}

export class Sparkline {
  #span = 0;

  constructor() {
    this.line = new Line('line');
    this.element = svg('svg', {preserveAspectRatio: 'none', class: 'spark', 'aria-hidden': 'true'},
      this.line.element);
  }

  // A count that does not change is one straight line.
  draw(counts) {
    const span = Math.max(counts.length - 1, 10);
    if (span !== this.#span) this.element.setAttribute('viewBox', `0 0 ${span} 100`);
    this.#span = span;
    const max = Math.max(...counts, 1);
    const y = (count) => 95 - (count / max) * 90;
    const flat = counts.every((count) => count === counts[0]);
    this.line.draw(flat ? `M0 ${y(counts[0])}H${span}` : path(counts.map((count, i) => [i, y(count)])));
  }
}
