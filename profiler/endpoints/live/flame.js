// flame.js: stacks as a flame graph, callers above. In the graph of the difference a box is as wide as
// what changed in it, red where goroutines came, blue where they went.
import {el, signed} from './dom.js';

const kRowRem = 1.7;
const kNarrowest = 0.002;  // of the whole: what is narrower is left out

const box = (frame) => ({frame, children: new Map(), width: 0, net: 0});

// value: what a stack counts for. A box is as wide as the sum of |value| of the stacks in it.
function treeOf(stacks, value) {
  const root = box(null);
  for (const stack of stacks) {
    const net = value(stack);
    if (net === 0) continue;
    let node = root;
    const add = () => {
      node.width += Math.abs(net);
      node.net += net;
    };
    add();
    for (const frame of [...stack.frames].reverse()) {
      const name = `${frame.function}\n${frame.file}\n${frame.line}`;
      if (!node.children.has(name)) node.children.set(name, box(frame));
      node = node.children.get(name);
      add();
    }
  }
  return root;
}

export class Flame {
  #drawn = '';

  constructor(openFrame) {
    this.openFrame = openFrame;
    this.element = el('div.flame');
  }

  // After a restart the same stacks may be of other lines.
  forget() {
    this.#drawn = '';
  }

  draw(model, words, difference) {
    const value = (stack) => (difference ? model.growth(stack) : model.count(stack.key));
    const stacks = model.rows(words, 'count');
    const now = JSON.stringify([difference, stacks.map((stack) => [stack.key, value(stack)])]);
    if (now === this.#drawn) return;
    this.#drawn = now;
    const root = treeOf(stacks, value);
    const boxes = [];
    const place = (node, left, depth) => {
      boxes.push(this.#box(node, root.width, left, depth, difference));
      const children = [...node.children.values()].sort((a, b) => b.width - a.width);
      for (const child of children) {
        if (child.width / root.width >= kNarrowest) place(child, left, depth + 1);
        left += child.width;
      }
    };
    if (root.width > 0) place(root, 0, 0);
    const depth = Math.max(0, ...boxes.map((box) => Number(box.dataset.depth)));
    this.element.style.height = `${(depth + 1) * kRowRem}rem`;
    const nothing = difference ? 'Nothing has changed since the mark.' : 'No stack has these words.';
    this.element.replaceChildren(...(boxes.length ? boxes : [el('p.empty', {}, nothing)]));
  }

  #box(node, whole, left, depth, difference) {
    const number = difference ? signed(node.net) : String(node.net);
    const {frame} = node;
    const name = frame ? frame.function : 'all';
    const made = el('button.box', {title: frame ? `${number}  ${name}\n${frame.file}:${frame.line}` : number},
      el('b', {}, number), ` ${name}`);
    if (frame) made.onclick = () => this.openFrame(frame);
    if (frame?.runtime) made.classList.add('runtime');
    if (difference) made.classList.add(node.net > 0 ? 'grew' : node.net < 0 ? 'shrank' : 'level');
    made.dataset.depth = depth;
    Object.assign(made.style, {
      left: `${(left / whole) * 100}%`,
      width: `${(node.width / whole) * 100}%`,
      top: `${depth * kRowRem}rem`,
    });
    return made;
  }
}
