// flame.js: stacks as a flame graph, callers above. In the graph of the difference a box is as wide as
// what changed in it, red where goroutines came, blue where they went.
import {el, place, setText, signed} from './dom.js';

const kRowRem = 1.7;
const kNarrowest = 0.002;  // of the whole: what is narrower is left out

const box = (path, frame) => ({path, frame, children: new Map(), width: 0, net: 0});

// value: what a stack counts for. A box is as wide as the sum of |value| of the stacks in it.
function treeOf(stacks, value) {
  const root = box('', null);
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
      if (!node.children.has(name)) node.children.set(name, box(`${node.path}\n\n${name}`, frame));
      node = node.children.get(name);
      add();
    }
  }
  return root;
}

export class Flame {
  #drawn = '';
  #boxes = new Map();  // path → element: one that stays keeps the focus

  constructor(openFrame) {
    this.openFrame = openFrame;
    this.element = el('div.flame');
  }

  // After a restart the same stacks may be of other lines.
  forget() {
    this.#drawn = '';
    this.#boxes.clear();
  }

  draw(model, words, difference) {
    const value = (stack) => (difference ? model.growth(stack) : stack.count);
    const stacks = model.rows(words, 'count');
    const now = JSON.stringify([difference, stacks.map((stack) => [stack.key, value(stack)])]);
    if (now === this.#drawn) return;
    this.#drawn = now;
    const root = treeOf(stacks, value);
    const boxes = new Map();
    let deepest = 0;
    const draw = (node, left, depth) => {
      const element = this.#boxes.get(node.path) ?? el('button.box', {}, el('b'), el('span'));
      this.#fill(element, node, {left: left / root.width, width: node.width / root.width, depth}, difference);
      boxes.set(node.path, element);
      deepest = Math.max(deepest, depth);
      const children = [...node.children.values()].sort((a, b) => b.width - a.width);
      for (const child of children) {
        if (child.width / root.width >= kNarrowest) draw(child, left, depth + 1);
        left += child.width;
      }
    };
    if (root.width > 0) draw(root, 0, 0);
    this.#boxes = boxes;
    this.element.style.height = `${(deepest + 1) * kRowRem}rem`;
    const nothing = difference ? 'Nothing has changed since the mark.' : 'No stack has these words.';
    place(this.element, boxes.size ? [...boxes.values()] : [el('p.empty', {}, nothing)]);
  }

  #fill(element, {frame, net}, {left, width, depth}, difference) {
    const number = difference ? signed(net) : String(net);
    const name = frame ? frame.function : 'all';
    const kinds = ['box', ...(frame?.runtime ? ['runtime'] : [])];
    if (difference) kinds.push(net > 0 ? 'grew' : net < 0 ? 'shrank' : 'level');
    element.className = kinds.join(' ');
    element.title = frame ? `${number}  ${name}\n${frame.file}:${frame.line}` : number;
    element.onclick = frame ? () => this.openFrame(frame) : null;
    setText(element.firstChild, number);
    setText(element.lastChild, ` ${name}`);
    element.dataset.depth = depth;
    Object.assign(element.style,
      {left: `${left * 100}%`, width: `${width * 100}%`, top: `${depth * kRowRem}rem`});
  }
}
