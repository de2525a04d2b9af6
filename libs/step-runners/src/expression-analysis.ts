import { isJsonObject } from '@cs/kernel';

/** Why an expression is not accepted, and where. */
export interface ExpressionRefusal {
  readonly message: string;
  readonly offset?: number;
}

export interface ExpressionAnalysis {
  readonly refusal?: ExpressionRefusal;
  /**
   * Cannot run away: it has no variables, loops, functions of its own, regular expressions or ranges and
   * makes no long text, so its cost is in proportion to the input. Everything else runs in isolation.
   */
  readonly isSimple: boolean;
}

const replaySafe = 'a transform must give the same value when the run is replayed';
const refusedFunctions: ReadonlyMap<string, string> = new Map([
  ['now', `$now() is not available, because ${replaySafe}; use run.created_at_ms, e.g. $fromMillis(run.created_at_ms)`],
  ['millis', `$millis() is not available, because ${replaySafe}; use run.created_at_ms`],
  ['random', `$random() is not available, because ${replaySafe}; derive a value from run.run_id or run.created_at_ms`],
  ['shuffle', `$shuffle() is not available, because ${replaySafe}; use $sort()`],
  ['eval', '$eval() is not available: an expression has to be complete when the automation is stored'],
]);

const simpleTypes = new Set(['path', 'name', 'string', 'number', 'value', 'binary', 'unary', 'condition', 'block', 'filter', 'wildcard', 'function']);
/** Cost in proportion to what they are given; no callbacks, and no text of their own. */
const simpleFunctions = new Set([
  'abs', 'append', 'average', 'boolean', 'ceil', 'count', 'exists', 'floor', 'keys', 'lookup', 'max', 'merge', 'min', 'not', 'number', 'power', 'round', 'sqrt', 'sum', 'type',
]);

interface Node {
  readonly [member: string]: unknown;
}
const isNode = (value: unknown): value is Node => isJsonObject(value) && !(Object.prototype.toString.call(value) === '[object RegExp]');

/** Ranges allocate; `&` writes out what is no text, and a constructor there may hold the input many times over. */
const isSimpleBinary = ({ value, lhs, rhs }: Node): boolean => {
  if (value === '..') return false;
  return value !== '&' || ![lhs, rhs].some((side) => isNode(side) && (side['type'] === 'unary' || side['type'] === 'block' || side['type'] === 'condition'));
};

/** The only variable that is simple is the context, `$`. */
const isSimpleNode = (node: Node, type: string): boolean => {
  if (type === 'variable') return node['value'] === '';
  return simpleTypes.has(type) && node['group'] === undefined && (type !== 'binary' || isSimpleBinary(node));
};

/** More of them could make very long text. */
const maxSimpleConcatenations = 16;

class Analysis {
  refusal: ExpressionRefusal | undefined;
  isSimple = true;
  #concatenations = 0;

  visit(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) this.visit(item);
    else if (isNode(value)) this.#visitNode(value);
  }

  #visitNode(node: Node): void {
    const { type, procedure, ...rest } = node;
    if (typeof type === 'string') this.#judge(node, type);
    if (type === 'function' && isNode(procedure) && procedure['type'] === 'variable') this.#judgeCall(procedure);
    else this.visit(procedure);
    for (const member of Object.values(rest)) this.visit(member);
  }

  #judge(node: Node, type: string): void {
    if (type === 'variable') this.#refuseNamed(node);
    if (type === 'lambda') this.#refuseSignature(node);
    if (type === 'binary' && node['value'] === '&') this.#concatenations += 1;
    if (!isSimpleNode(node, type) || this.#concatenations > maxSimpleConcatenations) this.isSimple = false;
  }

  #judgeCall(procedure: Node): void {
    this.#refuseNamed(procedure);
    if (!simpleFunctions.has(String(procedure['value']))) this.isSimple = false;
  }

  #refuseNamed(variable: Node): void {
    const message = refusedFunctions.get(String(variable['value']));
    if (message !== undefined) this.#refuse(message, variable);
  }

  /** Signatures become regular expressions over the arguments; with repetition they can take for ever. */
  #refuseSignature({ signature, ...node }: Node): void {
    const definition = isNode(signature) ? String(signature['definition']) : '';
    if (/[+?-]/.test(definition)) this.#refuse('function signatures with "+", "?" or "-" are not available', node);
  }

  #refuse(message: string, { position }: Node): void {
    this.refusal ??= { message, ...(typeof position === 'number' ? { offset: position } : {}) };
  }
}

/** Judges a parsed expression: what it may not contain, and how it has to be run. */
export const analyseExpression = (ast: unknown): ExpressionAnalysis => {
  const analysis = new Analysis();
  analysis.visit(ast);
  return { isSimple: analysis.isSimple, ...(analysis.refusal ? { refusal: analysis.refusal } : {}) };
};
