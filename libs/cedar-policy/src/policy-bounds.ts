import type { PolicyProblem } from '@cs/automation-application';
import { problemAt } from './text-place.js';

/**
 * The engine's parser and checker call themselves for every level, and a text that exhausts their stack
 * leaves the engine broken for everybody. Both bounds are far below what it bears (it breaks beyond a hundred
 * brackets, or two hundred operators in a chain).
 */
const maxDepth = 24;
const maxOperators = 80;

/** Comments and quoted text, whose brackets are none; then what nests or chains. */
const token = /\/\/[^\n]*|"(?:[^"\\]|\\[\s\S])*"|[([{]|[)\]}]|;|[.+*-]|\bif\b/g;

interface Count {
  depth: number;
  operators: number;
}

const count = (seen: Count, text: string): void => {
  if ('([{'.includes(text)) seen.depth += 1;
  else if (')]}'.includes(text)) seen.depth -= 1;
  else if (text === ';') seen.operators = 0;
  else seen.operators += 1;
  // Members that are named in brackets are chained like those after a dot.
  if (text === '[') seen.operators += 1;
};

const excess = ({ depth, operators }: Count): string | undefined => {
  if (depth > maxDepth) return `brackets are nested more than ${maxDepth} deep`;
  return operators > maxOperators ? `one policy has more than ${maxOperators} operators and members; split it into several` : undefined;
};

/** Whether a text is too deep for the engine. */
export const boundsProblem = (text: string): PolicyProblem | undefined => {
  const seen: Count = { depth: 0, operators: 0 };
  for (const { 0: found, index } of text.matchAll(token)) {
    if (found.startsWith('//') || found.startsWith('"')) continue;
    count(seen, found);
    const message = excess(seen);
    if (message !== undefined) return problemAt(text, index, message);
  }
  return undefined;
};
