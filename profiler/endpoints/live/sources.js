// sources.js: source files from the service, each asked for once, and the Go form beside a line.

const files = new Map();  // name → promise of lines, or of null

export function sourceOf(file) {
  if (!file) return Promise.resolve(null);
  if (!files.has(file)) {
    files.set(file, fetch(`source?file=${encodeURIComponent(file)}`)
      .then((answer) => (answer.ok ? answer.text() : null))
      .then((text) => text?.split('\n') ?? null)
      .catch(() => null)
      .then((lines) => {
        if (lines === null) files.delete(file);  // ask again when it is wanted again
        return lines;
      }));
  }
  return files.get(file);
}

// After a restart the files may be others.
export const forgetSources = () => files.clear();

// A line of an exercise has its Go on the right, as a comment: "ch.send(v);  // ch <- v".
export function splitLine(line, isExercise) {
  const [, code, comment] = /^(.*?\S)(\s+\/\/ .*)$/.exec(line) ?? [];
  if (!isExercise || code === undefined) return {code: line, go: ''};
  return {code, go: comment};
}

// Frames of package main are a student's; the rest is ours, where a comment is a comment.
export const isExercise = (frame) => Boolean(frame?.function.startsWith('main.'));
