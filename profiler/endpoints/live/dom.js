// dom.js: makes elements. A text is always set as text, so no name from the service can act.

// el('td.count', {title: '…', role: 'cell'}, 'text', child, …)
export function el(kind, properties = {}, ...children) {
  const [tag, ...classes] = kind.split('.');
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(' ');
  for (const [name, value] of Object.entries(properties)) {
    if (/^(role$|aria-)/.test(name)) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export const byId = (id) => document.getElementById(id);

// Touches the page only if something changes.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Makes these the children of a parent, in this order. Only those that come, go or change places are
// touched: the others keep their layout, and the one with the focus keeps it.
export function place(parent, wanted) {
  const stay = new Set(wanted);
  const focused = document.activeElement;
  for (const child of [...parent.children]) if (!stay.has(child)) child.remove();
  let next = parent.firstElementChild;
  for (const child of wanted) {
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
  if (focused !== document.activeElement && parent.contains(focused)) focused.focus();
}

export const signed = (n) => (n > 0 ? `+${n}` : n < 0 ? `−${-n}` : '0');
// At most two decimals: 76, 0.5, 0.33.
export const rateText = (rate) => signed(Math.round(rate * 100) / 100);

export function duration(ms) {
  if (ms < 1000) return ms > 0 ? '< 1 s' : '';
  const s = Math.floor(ms / 1000);
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  return `${Math.floor(s / 3600)} h`;
}

// "main.cpp:27"
export function placeOf(frame) {
  const name = frame.file.slice(frame.file.lastIndexOf('/') + 1);
  return el('span.place', {title: frame.file}, name && `${name}:${frame.line}`);
}
