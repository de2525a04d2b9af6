/** Longest text that a step of an evaluation takes or makes, in characters. */
export const maxTextLength = 1024 * 1024;

/** Built-ins that take or make text, which are replaced by guarded ones. */
const guarded = [
  'base64decode', 'base64encode', 'clone', 'contains', 'decodeUrl', 'decodeUrlComponent', 'encodeUrl', 'encodeUrlComponent', 'formatInteger', 'formatNumber',
  'fromMillis', 'join', 'length', 'lowercase', 'match', 'number', 'pad', 'parseInteger', 'replace', 'split', 'string', 'substring', 'substringAfter', 'substringBefore',
  'toMillis', 'trim', 'uppercase',
];

/**
 * The program of the evaluation thread, as text: so it runs the same from sources, from a build and from
 * a bundle. It says `{ready: true, thread}` and then answers each `{expression, scope}` (scope as JSON text) with `{text}` (the value as JSON
 * text, absent for nothing) or `{error: {message, position}}`.
 *
 * Time and memory as a whole are limited from outside. But V8 ends the whole process, not just the
 * thread, when one allocation is larger than its reserve (16 MB): so no single text may get that long.
 * `&` is rewritten to a function for that, and the sizes of structures are measured before they are
 * written out, because what is small in memory may be shared a million times.
 */
export const jsonataWorkerSource = `
'use strict';
const { parentPort, workerData } = require('node:worker_threads');
const jsonata = require(workerData.jsonata);
const { options, cacheSize, maxResultLength } = workerData;
const maxText = ${maxTextLength};
const compiled = new Map();
const builtins = new Map();

const isFunction = (value) => typeof value === 'function' || value._jsonata_lambda || value._jsonata_function;
const measure = (value, indent, limit) => {
  let size = 0;
  const visit = (item, depth) => {
    if (typeof item === 'string') size += item.length;
    size += 4 + indent * depth;
    if (size > limit) throw new Error('the value is larger than ' + limit + ' characters');
    if (typeof item !== 'object' || item === null || isFunction(item)) return;
    if (Array.isArray(item)) for (const member of item) visit(member, depth + 1);
    else for (const key of Object.keys(item)) { size += key.length; visit(item[key], depth + 1); }
  };
  visit(value, 0);
};
const written = new Set(['string', 'join', 'clone']);
const refuseLong = (name, args) => {
  for (const arg of args) if (typeof arg === 'string' && arg.length > maxText) throw new Error('$' + name + '() takes text of at most ' + maxText + ' characters');
  if (name === 'pad' && Math.abs(args[1]) > maxText) throw new Error('$pad() makes text of at most ' + maxText + ' characters');
  if (written.has(name)) measure(args, name === 'string' && args[1] ? 4 : 0, maxText);
};
const refuseLongResult = (expr, input, environment, result) => {
  if (typeof result === 'string' && result.length > maxText) throw new Error('text of more than ' + maxText + ' characters');
};
const textFunction = '\\0text';
const concatenateBounded = (node, seen = new Set()) => {
  if (typeof node !== 'object' || node === null || seen.has(node)) return;
  seen.add(node);
  for (const member of Object.values(node)) concatenateBounded(member, seen);
  if (node.type !== 'binary' || node.value !== '&') return;
  for (const side of ['lhs', 'rhs']) {
    const { position } = node;
    node[side] = { type: 'function', value: '(', position, arguments: [node[side]], procedure: { type: 'variable', value: textFunction, position } };
  }
};
// A time without a zone is UTC wherever the process runs; one without a date is of 1970-01-01, on every replay.
const epoch = { environment: { timestamp: new Date(0) } };
const toMillis = (original) => (time, picture) => {
  refuseLong('toMillis', [time, picture]);
  return original.call(epoch, picture === undefined && typeof time === 'string' && /T[\\d:.]+$/.test(time) ? time + 'Z' : time, picture);
};
// JSONata reads the number and the names of parameters from the function itself.
const guard = (name, builtin) => {
  const original = builtin.implementation;
  const implementation = name === 'toMillis' ? toMillis(original) : function (...args) { refuseLong(name, args); return original.apply(this, args); };
  Object.defineProperty(implementation, 'length', { value: original.length });
  Object.defineProperty(implementation, 'toString', { value: () => original.toString() });
  return { ...builtin, implementation };
};

const compile = (text) => {
  const known = compiled.get(text);
  if (known) return known;
  const expression = jsonata(text, options);
  for (const [name, builtin] of builtins) expression.assign(name, builtin);
  concatenateBounded(expression.ast());
  expression.assign(Symbol.for('jsonata.__evaluate_exit'), refuseLongResult);
  if (compiled.size >= cacheSize) compiled.delete(compiled.keys().next().value);
  compiled.set(text, expression);
  return expression;
};

const plain = (key, value) => {
  if (value && isFunction(value)) throw new Error('a function is no JSON value');
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error('the value is not a finite number');
  return value;
};
const write = (value) => {
  if (value && isFunction(value)) throw new Error('a function is no JSON value');
  measure(value, 0, maxResultLength);
  return JSON.stringify(value, plain);
};

const answer = async ({ expression, scope }) => {
  try {
    return { text: write(await compile(expression).evaluate(JSON.parse(scope))) };
  } catch (error) {
    return { error: { message: String(error && error.message), position: error && error.position } };
  }
};

// Only Linux has this; its first word is what the system calls this thread.
const threadOfSystem = () => {
  try {
    return require('node:fs').readFileSync('/proc/thread-self/stat', 'utf8').split(' ')[0];
  } catch {
    return undefined;
  }
};

(async () => {
  for (const name of ${JSON.stringify(guarded)}) builtins.set(name, guard(name, await jsonata('$' + name).evaluate({})));
  builtins.set(textFunction, builtins.get('string'));
  parentPort.on('message', async (request) => parentPort.postMessage(await answer(request)));
  parentPort.postMessage({ ready: true, thread: threadOfSystem() });
})();
`;
