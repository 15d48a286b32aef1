// model.js: the looks so far, and the mark from which growth is counted.

const kLooksMax = 600;
const kSparkLooks = 60;

export class Model {
  look = null;         // the last answer of goroutines
  history = [];        // {time, total, requests}
  highest = 0;         // total in the history
  mark = null;         // {time, total, requests, counts: key → count}
  stacks = new Map();  // key → what its rows have said, also of stacks that are gone

  // Takes an answer in. True if it comes from another process than the last one: all begins anew.
  add(look) {
    const restarted = this.look !== null && this.look.instance !== look.instance;
    if (restarted) {
      this.history = [];
      this.stacks.clear();
      this.mark = null;
    }
    this.look = look;
    this.history.push({time: look.now_ms, total: look.total, requests: look.requests});
    if (this.history.length > kLooksMax) this.history.shift();
    this.highest = this.history.reduce((highest, {total}) => Math.max(highest, total), 0);
    for (const stack of this.stacks.values()) stack.count = 0;
    for (const row of look.stacks) this.#update(row);
    if (this.mark === null) this.setMark();
    for (const stack of this.stacks.values()) this.#remember(stack);
    return restarted;
  }

  setMark() {
    const present = [...this.stacks.values()].filter(({count}) => count > 0);
    const counts = new Map(present.map(({key, count}) => [key, count]));
    this.mark = {...this.now, counts};
  }

  #update(row) {
    let stack = this.stacks.get(row.key);
    if (!stack) this.stacks.set(row.key, stack = this.#named(row));
    stack.count = row.count;
    stack.waited_ms = row.waited_ms;
    // The page's own connection: the goroutine that answers, and the one that watches for its end.
    stack.own = stack.answers || (stack.watches && row.count === 1);
  }

  // What stays the same in each row with this key.
  #named({key, state, labels, frames: numbers, creator: number}) {
    const frames = numbers.map((each) => this.look.frames[each]);
    const creator = this.look.frames[number];
    const main = frames.find((frame) => frame.function.startsWith('main.'));
    const shown = frames.find((frame) => !frame.runtime);
    const names = frames.flatMap((frame) => [frame.function, frame.file]);
    return {
      key, state, labels, frames, creator,
      where: main ?? shown ?? frames[0],
      answers: frames.some((frame) => frame.function.startsWith('profiler/live.')),
      watches: creator?.function === 'net/http.(*connReader).startBackgroundRead',
      words: [state, labels, creator?.function ?? '', ...names].join('\n').toLowerCase(),
      trail: new Array(Math.min(this.history.length, kSparkLooks) - 1).fill(0),
    };
  }

  // The trail of a stack has its last counts. Stacks that nobody misses are forgotten.
  #remember(stack) {
    stack.trail.push(stack.count);
    if (stack.trail.length > kSparkLooks) stack.trail.shift();
    if (stack.count === 0 && !this.mark.counts.has(stack.key)) this.stacks.delete(stack.key);
  }

  get now() {
    return this.history.at(-1);
  }

  // Requests since the mark.
  get requests() {
    return this.now.requests - this.mark.requests;
  }

  growth({key, count, own}) {
    return own ? 0 : count - (this.mark.counts.get(key) ?? 0);
  }

  // All stacks of now and of the mark that the words are in, in this order.
  rows(words, order) {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const value = {
      count: (stack) => stack.count,
      growth: (stack) => this.growth(stack),
      age: (stack) => (stack.count > 0 ? stack.waited_ms : -1),
    }[order];
    return [...this.stacks.values()]
      .filter(({key, count, own}) => count > 0 || (this.mark.counts.has(key) && !own))
      .filter((stack) => wanted.every((word) => stack.words.includes(word)))
      .sort((a, b) => a.own - b.own || value(b) - value(a) || (a.key < b.key ? -1 : 1));
  }
}
