// model.js: the looks so far, and the mark from which growth is counted.

const kLooksMax = 600;
const kSparkLooks = 60;

export class Model {
  look = null;         // the last answer of goroutines
  history = [];        // {time, total, requests, counts: key → count}
  mark = null;         // one of these
  stacks = new Map();  // key → its last row, also of stacks that are gone

  // Takes an answer in. True if it comes from another process than the last one: all begins anew.
  add(look) {
    const restarted = this.look !== null && this.look.instance !== look.instance;
    if (restarted) {
      this.history = [];
      this.stacks.clear();
      this.mark = null;
    }
    this.look = look;
    for (const stack of look.stacks) {
      this.stacks.set(stack.key, this.#named(stack));
    }
    const counts = new Map(look.stacks.map((stack) => [stack.key, stack.count]));
    this.history.push({time: look.now_ms, total: look.total, requests: look.requests, counts});
    if (this.history.length > kLooksMax) this.history.shift();
    this.mark ??= this.history.at(-1);
    // Beyond the sparkline only the total is drawn.
    const old = this.history.at(-1 - kSparkLooks);
    if (old && old !== this.mark) old.counts = new Map();
    for (const key of this.stacks.keys()) {
      if (!counts.has(key) && !this.mark.counts.has(key)) this.stacks.delete(key);
    }
    return restarted;
  }

  setMark() {
    this.mark = this.history.at(-1) ?? null;
  }

  #named(stack) {
    const frames = stack.frames.map((number) => this.look.frames[number]);
    const main = frames.find((frame) => frame.function.startsWith('main.'));
    const shown = frames.find((frame) => !frame.runtime);
    const creator = this.look.frames[stack.creator];
    // The page's own connection: the goroutine that answers, and the one that watches for its end.
    const reader = creator?.function === 'net/http.(*connReader).startBackgroundRead';
    const own = frames.some((frame) => frame.function.startsWith('profiler/live.')) || (reader && stack.count === 1);
    return {...stack, frames, creator, own, where: main ?? shown ?? frames[0]};
  }

  get now() {
    return this.history.at(-1);
  }

  // Requests since the mark.
  get requests() {
    return this.now.requests - this.mark.requests;
  }

  count(key) {
    return this.now.counts.get(key) ?? 0;
  }

  growth({key, own}) {
    return own ? 0 : this.count(key) - (this.mark.counts.get(key) ?? 0);
  }

  // The last counts of a stack, for its sparkline.
  recent(key) {
    return this.history.slice(-kSparkLooks).map((look) => look.counts.get(key) ?? 0);
  }

  // All stacks of now and of the mark that the words are in, in this order.
  rows(words, order) {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const texts = ({state, labels, creator, frames}) => [state, labels, creator?.function ?? '',
      ...frames.flatMap((frame) => [frame.function, frame.file])].map((text) => text.toLowerCase());
    const has = (stack, word) => texts(stack).some((text) => text.includes(word));
    const value = {
      count: (stack) => this.count(stack.key),
      growth: (stack) => this.growth(stack),
      age: (stack) => (this.count(stack.key) > 0 ? stack.waited_ms : -1),
    }[order];
    return [...this.stacks.values()]
      .filter(({key, own}) => this.count(key) > 0 || (this.mark.counts.has(key) && !own))
      .filter((stack) => wanted.every((word) => has(stack, word)))
      .sort((a, b) => a.own - b.own || value(b) - value(a) || (a.key < b.key ? -1 : 1));
  }
}
