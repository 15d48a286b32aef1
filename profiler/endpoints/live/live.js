// live.js: looks at the service once a second, and has the parts of the page draw what it says.
import {Chart} from './chart.js';
import {byId, duration, el, rateText, setText, signed} from './dom.js';
import {Drawer} from './drawer.js';
import {Flame} from './flame.js';
import {Model} from './model.js';
import {forgetSources} from './sources.js';
import {Table, kOrders} from './table.js';

const kPauseMs = 1000;
const kPatienceMs = 5000;
const kViews = ['stacks', 'flame', 'difference'];

const model = new Model();
const chart = new Chart(byId('chart'));
const table = new Table((key) => open(key), (order) => change({order}));
const flame = new Flame((frame) => drawer.showFrame(frame));
const drawer = new Drawer(byId('drawer'), () => open(''));
let frozen = false;
let silentSince = null;  // no answer since then
let notice = '';         // of a restart
let loading = false;

// ---- What the address keeps ----

const usual = {view: 'stacks', search: '', order: 'count', stack: ''};
const state = {...usual};

function readAddress() {
  const words = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(state)) state[name] = words.get(name) ?? '';
  if (!kViews.includes(state.view)) state.view = 'stacks';
  if (!kOrders.includes(state.order)) state.order = 'count';
  byId('search').value = state.search;
  showOpened();
  draw();
}

function change(news) {
  Object.assign(state, news);
  const words = Object.entries(state).filter(([name, value]) => value !== usual[name]);
  history.replaceState(null, '', `#${new URLSearchParams(words)}`);
  draw();
}

// ---- Looking ----

async function look() {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), kPatienceMs);
  const answer = await fetch('goroutines', {signal: patience.signal});
  if (!answer.ok) throw new Error(await answer.text());
  const news = await answer.json();
  clearTimeout(timer);
  if (frozen) return;
  const restarted = model.add(news);
  if (restarted) {
    notice = `The service has restarted at ${new Date(model.look.start_ms).toLocaleTimeString()}. Counts and mark begin anew.`;
    forgetSources();
    table.forget();
    flame.forget();
  }
  if (restarted || model.history.length === 1) showOpened();
}

async function lookForever() {
  for (;;) {
    const begin = performance.now();
    if (!frozen && !document.hidden) {
      try {
        await look();
        silentSince = null;
        draw();
      } catch (error) {
        silentSince ??= {time: new Date(), why: error.message};
        drawStatus();
      }
    }
    await new Promise((done) => setTimeout(done, Math.max(kPauseMs - (performance.now() - begin), 100)));
  }
}

// ---- Drawing ----

function draw() {
  drawStatus();
  if (!model.now) return;
  const {now, look: facts} = model;
  const growth = now.total - model.mark.total;
  const others = facts.apart ? ` · left out: ${facts.apart} goroutines that serve other pages` : '';
  setText(byId('total'), String(now.total));
  setText(byId('growth'), signed(growth));
  byId('growth').className = growth > 0 ? 'grew' : '';
  setText(byId('rate'), model.requests > 0 ? rateText(growth / model.requests) : '–');
  setText(byId('requests'), String(now.requests));
  setText(byId('facts'), `${facts.program} · since ${new Date(facts.start_ms).toLocaleTimeString()} (${
    duration(facts.now_ms - facts.start_ms) || '0 s'}) · GOMAXPROCS ${facts.gomaxprocs} · ${
    facts.threads} threads · a look stops them for ${Math.round(facts.pause_ns / 1000)} µs${others}`);
  const title = `${now.total} goroutines · ${facts.program}`;
  if (document.title !== title) document.title = title;
  chart.draw(model);
  drawLoads(facts.loads);
  drawTabs();
  const shown = state.view === 'stacks' ? table : flame;
  if (state.view === 'stacks') table.draw(model, state.search, state.order, state.stack);
  else flame.draw(model, state.search, state.view === 'difference');
  if (byId('view').firstChild !== shown.element) byId('view').replaceChildren(shown.element);
  if (parent !== window) parent.postMessage({goroutines: model.highest}, location.origin);
}

// One tab is a stop of the Tab key; the arrows go from tab to tab.
const tabs = [...document.querySelectorAll('[data-view]')];
let tabDrawn = '';
function drawTabs() {
  if (state.view === tabDrawn) return;
  tabDrawn = state.view;
  for (const tab of tabs) {
    const chosen = tab.dataset.view === state.view;
    tab.setAttribute('aria-selected', String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    if (chosen) byId('view').setAttribute('aria-labelledby', tab.id);
  }
}

function moveTab(event) {
  const at = tabs.indexOf(event.target), end = tabs.length - 1;
  const to = {ArrowRight: at < end ? at + 1 : 0, ArrowLeft: at > 0 ? at - 1 : end, Home: 0, End: end}[event.key];
  if (to === undefined) return;
  event.preventDefault();
  tabs[to].focus();
  tabs[to].click();
}

function drawStatus() {
  const silent = silentSince && `No answer since ${silentSince.time.toLocaleTimeString()} (${silentSince.why}); asking on.`;
  setText(byId('status'), silent ?? (frozen ? 'Frozen: nothing is asked. Space goes on.' : notice));
  byId('status').classList.toggle('alarm', silentSince !== null);
  document.body.classList.toggle('frozen', frozen);
  byId('freeze').setAttribute('aria-pressed', String(frozen));
}

let loadsDrawn = '';
function drawLoads(loads) {
  const text = JSON.stringify(loads);
  if (text === loadsDrawn) return;
  loadsDrawn = text;
  byId('loads').replaceChildren(...loads.map((load, i) => el('button.load',
    {onclick: () => send(i), title: 'send these requests, one after the other'},
    el('b', {}, `${load.requests} ×`), ` ${load.method} ${load.target}`)));
}

// ---- Doing ----

async function send(i) {
  if (loading || !model.look?.loads[i]) return;
  loading = true;
  document.body.classList.add('loading');
  try {
    const answer = await fetch(`load?load=${i}`, {method: 'POST', headers: {'X-Lab-Token': model.look.token}});
    const {unanswered} = answer.ok ? await answer.json() : {};
    notice = !answer.ok ? await answer.text() : unanswered ? `${unanswered} requests had no answer within 5 s.` : '';
  } catch (error) {
    notice = `The load did not end: ${error.message}`;
  }
  loading = false;
  document.body.classList.remove('loading');
  drawStatus();
}

function open(key) {
  const opened = state.stack;
  change({stack: key});
  showOpened({byHand: true, home: table.rowOf(opened)});
}

// home: where the focus goes if the drawer is closed and what had it is gone.
function showOpened({byHand = false, home} = {}) {
  const stack = model.stacks.get(state.stack);
  if (stack) drawer.showStack(stack, byHand);
  else drawer.hide(home?.isConnected ? home : byId('view'));
}

function mark() {
  if (!model.now) return;
  model.setMark();
  notice = '';
  draw();
}

const keys = {
  m: mark,
  ' ': () => {
    frozen = !frozen;
    draw();
  },
  // In a frame the page around it loads both sides.
  l: () => (parent === window ? send(0) : parent.postMessage({load: 0}, location.origin)),
  1: () => change({view: 'stacks'}),
  2: () => change({view: 'flame'}),
  3: () => change({view: 'difference'}),
  j: () => table.move(1, state.stack),
  k: () => table.move(-1, state.stack),
  s: () => change({order: kOrders[(kOrders.indexOf(state.order) + 1) % kOrders.length]}),
  '/': () => byId('search').focus(),
  d: () => byId('download').click(),
  '?': () => byId('help').showModal(),
  Escape: () => open(''),
  Enter: () => open(document.activeElement.dataset.key ?? state.stack),
};

document.addEventListener('keydown', (event) => {
  const typing = event.target.matches('input');
  if (typing && event.key === 'Escape') event.target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || byId('help').open) return;
  if (event.target.matches('button, a') && [' ', 'Enter'].includes(event.key)) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
byId('set-mark').onclick = mark;
byId('freeze').onclick = keys[' '];
byId('show-help').onclick = keys['?'];
byId('help').onclick = () => byId('help').close();
byId('search').oninput = (event) => change({search: event.target.value});
for (const tab of tabs) {
  tab.onclick = () => change({view: tab.dataset.view});
  tab.onkeydown = moveTab;
}
addEventListener('hashchange', readAddress);
// A page that has this one in a frame may make its axis longer.
addEventListener('message', ({origin, data}) => {
  if (origin !== location.origin || typeof data.axis !== 'number') return;
  chart.atLeast = data.axis;
});
document.body.classList.toggle('framed', parent !== window);
readAddress();
lookForever();
