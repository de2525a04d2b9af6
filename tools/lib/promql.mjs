// Reads as much of PromQL as our rules and panels use: what it does not understand is a problem.

const functions = new Set(['rate', 'increase', 'histogram_quantile', 'absent']);
const aggregations = new Set(['sum', 'min', 'max', 'avg', 'count']);
const words = new Set(['by', 'without', 'and', 'or', 'unless']);
/** Labels that Prometheus and the process add to every series. */
const everywhere = ['job', 'instance', 'service'];

const token = /\s+|"(?:[^"\\\n]|\\.)*"|[A-Za-z_:][A-Za-z0-9_:]*|\d+(?:\.\d+)?(?![A-Za-z0-9_.])|\[\d+(?:ms|s|m|h|d)\]|=~|!~|!=|==|>=|<=|[-+*/%^<>=(){},]/y;

const tokensOf = (text) => {
  const tokens = [];
  for (token.lastIndex = 0; token.lastIndex < text.length; ) {
    const at = token.lastIndex;
    const found = token.exec(text);
    if (found === null) throw new Error(`cannot be read from ${JSON.stringify(text.slice(at, at + 20))} on`);
    if (found[0].trim() !== '') tokens.push(found[0]);
  }
  return tokens;
};

const isWord = (text) => /^[A-Za-z_:]/.test(text ?? '');
const closing = { ')': '(', '}': '{' };

const balance = (tokens) => {
  const open = [];
  for (const text of tokens) {
    if (text === '(' || text === '{') open.push(text);
    else if (text in closing && open.pop() !== closing[text]) return [`"${text}" closes nothing`];
  }
  return open.length === 0 ? [] : [`"${open.at(-1)}" is not closed`];
};

/** Names between the bracket at `start` and its end. */
const namesIn = (tokens, start) => {
  const end = tokens.findIndex((text, at) => at > start && text in closing);
  return { inside: tokens.slice(start + 1, end), end };
};

/**
 * What is wrong with an expression, for the series that exist: a map of name to labels. Groupings are
 * checked against the labels of every series that the expression names.
 */
export const checkExpression = (text, series) => {
  let tokens;
  try {
    tokens = tokensOf(text);
  } catch (error) {
    return [error.message];
  }
  const problems = balance(tokens);
  if (problems.length > 0) return problems;
  const groupings = [];
  const labels = new Set(everywhere);
  for (let at = 0; at < tokens.length; at += 1) {
    const word = tokens[at];
    if (!isWord(word)) continue;
    if (word === 'by' || word === 'without') {
      const { inside, end } = namesIn(tokens, at + 1);
      groupings.push(...inside.filter((name) => name !== ','));
      at = end;
    } else if (tokens[at + 1] === '(' || aggregations.has(word)) {
      if (!functions.has(word) && !aggregations.has(word) && !words.has(word)) problems.push(`there is no function "${word}"`);
    } else if (!words.has(word)) {
      const known = series.get(word);
      if (known === undefined) problems.push(`no service exposes "${word}"`);
      for (const label of known ?? []) labels.add(label);
      if (tokens[at + 1] !== '{') continue;
      const { inside, end } = namesIn(tokens, at + 1);
      for (const [place, name] of inside.entries()) if (isWord(name) && ![...(known ?? []), ...everywhere].includes(name)) problems.push(`"${word}" has no label "${name}" (at ${place})`);
      at = end;
    }
  }
  return [...problems, ...groupings.filter((name) => !labels.has(name)).map((name) => `nothing here has a label "${name}"`)];
};
