// drawer.js: what a click opens: the source of a frame; of a row also its stack and its goroutines.
//
// It is a dialog that leaves the rest of the page alive. The focus goes into it when a hand opens it,
// Tab stays in it, and its end gives the focus back to what had it before.
import {duration, el, placeOf} from './dom.js';
import {isExercise, sourceOf, splitLine} from './sources.js';

const kLinesAround = 14;

export class Drawer {
  #opening = 0;  // counts: an answer that comes too late is dropped
  #opener = null;

  constructor(element, close) {
    this.element = element;
    this.close = close;
    element.addEventListener('keydown', (event) => this.#keepFocus(event));
  }

  // home: where the focus goes if what had it is gone.
  hide(home) {
    this.#opening++;
    const had = this.element.contains(document.activeElement);
    this.element.hidden = true;
    if (had) (this.#opener?.isConnected ? this.#opener : home).focus();
    this.#opener = null;
  }

  showFrame(frame) {
    this.#opening++;
    const source = el('div.source');
    this.#show(frame.function, source);
    this.#fill(source, frame);
    this.#takeFocus();
  }

  // byHand: not by the address of the page.
  showStack(stack, byHand) {
    this.#opening++;
    const source = el('div.source'), list = el('div.goroutines');
    const frames = el('ol.frames', {}, ...stack.frames.map((frame) => {
      const item = el('button', {}, el('b', {}, frame.function), ' ', placeOf(frame));
      item.classList.toggle('runtime', frame.runtime);
      item.onclick = () => {
        this.#opening++;
        this.#fill(source, frame);
        this.#list(list, stack.key);
      };
      return el('li', {}, item);
    }));
    const labels = stack.labels ? [el('p.labels', {}, stack.labels)] : [];  // all of a row have the same
    this.#show(`${stack.where?.function ?? '(not started)'} [${stack.state}]`, source,
      el('h3', {}, 'Stack'), frames, el('h3', {}, 'Goroutines'), ...labels, list);
    if (stack.where) this.#fill(source, stack.where);
    this.#list(list, stack.key);
    if (byHand) this.#takeFocus();
  }

  #show(title, ...parts) {
    const close = el('button.close', {title: 'esc', 'aria-label': 'close', onclick: this.close}, '×');
    const head = el('h2', {id: 'drawer-title', tabIndex: -1}, el('span', {}, title));
    this.element.replaceChildren(el('div.head', {}, head, close), ...parts);
    this.element.hidden = false;
    this.element.scrollTop = 0;
  }

  #takeFocus() {
    if (!this.element.contains(document.activeElement)) this.#opener = document.activeElement;
    this.element.querySelector('h2').focus();
  }

  #keepFocus(event) {
    if (event.key !== 'Tab') return;
    const stops = [...this.element.querySelectorAll('button, [tabindex="0"]')];
    const first = stops[0], last = stops.at(-1), now = document.activeElement;
    const leaves = event.shiftKey ? now === first || now.matches('h2') : now === last;
    if (!leaves) return;
    event.preventDefault();
    (event.shiftKey ? last : first).focus();
  }

  async #fill(place, frame) {
    const opening = this.#opening;
    const lines = await sourceOf(frame.file);
    if (opening !== this.#opening) return;
    const head = el('p.place', {}, frame.file ? `${frame.file}:${frame.line}` : 'no file is known');
    if (lines === null) {
      place.replaceChildren(head, el('p.empty', {}, 'The source is not on the machine of the service, or has changed since the service was started.'));
      return;
    }
    const first = Math.max(frame.line - kLinesAround, 1);
    const rows = lines.slice(first - 1, frame.line + kLinesAround).map((line, i) => {
      const {code, go} = splitLine(line, isExercise(frame));
      const row = el('div', {}, el('span.number', {}, String(first + i)), code, el('span.go', {}, go));
      row.classList.toggle('here', first + i === frame.line);
      return row;
    });
    // It scrolls, so a keyboard must reach it.
    place.replaceChildren(head, el('pre', {tabIndex: 0, role: 'region', 'aria-label': 'source'}, ...rows));
  }

  async #list(place, key) {
    const opening = this.#opening;
    const answer = await fetch(`goroutines?stack=${encodeURIComponent(key)}`).catch(() => null);
    if (opening !== this.#opening || !answer?.ok) return;
    const {count, goroutines} = await answer.json();
    const rows = goroutines.map(({id, waited_ms: waited, creator}) => el('tr', {},
      el('td', {}, String(id)), el('td', {}, duration(waited)),
      el('td', {}, creator ? String(creator) : '')));
    const head = ['goroutine', 'waits', 'created by'].map((title) => el('th', {scope: 'col'}, title));
    const more = count - goroutines.length;
    place.replaceChildren(
      el('table', {}, el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...rows)),
      ...(more > 0 ? [el('p', {}, `and ${more} more; the oldest are shown`)] : []));
  }
}
