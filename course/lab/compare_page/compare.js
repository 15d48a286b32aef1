// compare.js: one load for both sides, and one axis.
const sides = ['exercise', 'solution'];
const frame = (side) => document.getElementById(side).contentWindow;
const say = (text) => (document.getElementById('status').textContent = text);

// Each page says the highest total that its chart has; both draw to the higher one.
const highest = {exercise: 0, solution: 0};
addEventListener('message', ({origin, source, data}) => {
  if (origin !== location.origin) return;
  if (typeof data?.load === 'number') sendBoth(data.load);
  if (typeof data?.goroutines !== 'number') return;
  highest[sides.find((side) => frame(side) === source)] = data.goroutines;
  const axis = Math.max(highest.exercise, highest.solution);
  for (const side of sides) frame(side).postMessage({axis}, origin);
});

async function look(side) {
  const answer = await fetch(`${side}/debug/lab/goroutines`);
  if (!answer.ok) throw new Error(`${side}: ${await answer.text()}`);
  return answer.json();
}

async function send(side, i) {
  const {token} = await look(side);  // another one after a restart
  const answer = await fetch(`${side}/debug/lab/load?load=${i}`,
    {method: 'POST', headers: {'X-Lab-Token': token}});
  if (!answer.ok) throw new Error(`${side}: ${await answer.text()}`);
  const {unanswered} = await answer.json();
  return unanswered ? `${side}: ${unanswered} requests had no answer. ` : '';
}

let sending = false;
async function sendBoth(i) {
  if (sending) return;
  sending = true;
  const buttons = document.querySelectorAll('button');
  for (const button of buttons) button.disabled = true;
  try {
    say((await Promise.all(sides.map((side) => send(side, i)))).join(''));
  } catch (error) {
    say(error.message);
  }
  for (const button of buttons) button.disabled = false;
  sending = false;
}

async function start() {
  const {loads, program} = await look('exercise');
  document.title = `${program}: exercise and solution`;
  document.getElementById('loads').replaceChildren(...loads.map((load, i) => {
    const button = document.createElement('button');
    button.textContent = `${load.requests} × ${load.method} ${load.target}`;
    button.onclick = () => sendBoth(i);
    return button;
  }));
}
start().catch((error) => say(error.message));
