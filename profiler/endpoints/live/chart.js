// chart.js: the total over time, and the sparkline of a row.
import {el, setText, svg} from './dom.js';

const kWidth = 600, kHeight = 100;

// 1, 2 or 5 times a power of ten.
export function niceMax(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 5)));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value);
}

function path(points) {
  return points.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
}

export class Chart {
  atLeast = 0;  // the axis reaches so far: two charts side by side share theirs

  constructor(parent) {
    const stretched = {'vector-effect': 'non-scaling-stroke'};
    this.area = svg('path', {class: 'area'});
    this.line = svg('path', {class: 'line', ...stretched});
    this.load = svg('path', {class: 'load', ...stretched});
    this.mark = svg('path', {class: 'mark', ...stretched});
    this.max = el('span.max');
    this.span = el('span.span');
    parent.append(
      svg('svg', {viewBox: `0 0 ${kWidth} ${kHeight}`, preserveAspectRatio: 'none'},
        this.area, this.load, this.line, this.mark),
      this.max, this.span);
  }

  draw(model) {
    const looks = model.history;
    const max = niceMax(Math.max(this.atLeast, ...looks.map((look) => look.total)) * 1.05);
    const begin = looks[0].time, length = Math.max(looks.at(-1).time - begin, 30_000);
    const x = (look) => ((look.time - begin) / length) * kWidth;
    const y = (look) => kHeight - (look.total / max) * kHeight;
    const top = path(looks.map((look) => [x(look), y(look)]));
    this.line.setAttribute('d', top);
    const last = x(looks.at(-1)).toFixed(1);
    this.area.setAttribute('d', `${top}L${last} ${kHeight}L0 ${kHeight}Z`);
    // A tick at the foot where requests came in.
    const ticks = looks.filter((look, i) => i > 0 && look.requests > looks[i - 1].requests);
    this.load.setAttribute('d', ticks.map((look) => `M${x(look).toFixed(1)} ${kHeight}v-8`).join(''));
    const marked = Math.max(x(model.mark), 0).toFixed(1);
    this.mark.setAttribute('d', `M${marked} 0V${kHeight}`);
    setText(this.max, String(max));
    setText(this.span, `${Math.round(length / 1000)} s`);
  }
}

export class Sparkline {
  constructor() {
    this.line = svg('path', {class: 'line', 'vector-effect': 'non-scaling-stroke'});
    this.element = svg('svg', {viewBox: '0 0 60 20', preserveAspectRatio: 'none', class: 'spark'},
      this.line);
  }

  draw(counts) {
    const max = Math.max(...counts, 1);
    const step = 60 / Math.max(counts.length - 1, 10);
    const points = counts.map((count, i) => [i * step, 19 - (count / max) * 18]);
    const d = path(points);
    if (this.line.getAttribute('d') !== d) this.line.setAttribute('d', d);
  }
}
