import { ExpressionError, type ExpressionEvaluator } from '@cs/automation-application';
import { isJsonObject, LruCache, type Json, type JsonObject } from '@cs/kernel';
import jsonata from 'jsonata';
import { analyseExpression } from './expression-analysis.js';
import { narrowScope } from './narrow-scope.js';
import { IsolatedJsonata, type ExpressionLimits } from './isolated-jsonata.js';
import { followPath, pathOf } from './path-expression.js';
import { plainJson } from './plain-json.js';
import { redactionOf } from './redaction.js';

/** Defaults: 500 ms, 500 levels, 10 000 items, 1 MiB, 2000 compiled expressions. */
export type JsonataEvaluatorOptions = Partial<ExpressionLimits>;

/** How an expression is run, cheapest first. */
type Compiled =
  | { readonly kind: 'path'; readonly names: readonly string[]; readonly expression: jsonata.Expression }
  | { readonly kind: 'simple'; readonly expression: jsonata.Expression }
  | { readonly kind: 'isolated' }
  | { readonly kind: 'refused'; readonly error: ExpressionError };

const maxExpressionLength = 20_000;
const maxMessageLength = 500;
const defaults: ExpressionLimits = { timeoutMs: 500, maxDepth: 500, maxSequence: 10_000, maxResultLength: 1024 * 1024, cacheSize: 2_000 };

const memberOf = (error: unknown, name: 'message' | 'position'): unknown =>
  typeof error === 'object' && error !== null && name in error ? Reflect.get(error, name) : undefined;

/** JSONata throws plain objects; their messages quote values, so secrets in scope are taken out. */
const asExpressionError = (error: unknown, expression: string, scope: JsonObject = {}): ExpressionError => {
  const message = memberOf(error, 'message');
  const position = memberOf(error, 'position');
  const secrets = isJsonObject(scope['secrets']) ? Object.values(scope['secrets']).filter((secret) => typeof secret === 'string') : [];
  const text = redactionOf(secrets).text(typeof message === 'string' ? message : 'the expression failed');
  return new ExpressionError(text.length > maxMessageLength ? `${text.slice(0, maxMessageLength)}…` : text, expression, typeof position === 'number' ? position : undefined);
};

const parsedJson = (text: string | undefined): Json | undefined => (text === undefined ? undefined : JSON.parse(text));

/**
 * Evaluates JSONata 2. Paths are followed directly, expressions that cannot run away are evaluated
 * in place, all others in a thread that is ended when its time or memory is used up.
 *
 * Deterministic: `$now`, `$millis`, `$random`, `$shuffle` and `$eval` are refused, times without a zone
 * are UTC, times without a date are of 1970-01-01.
 */
export class JsonataEvaluator implements ExpressionEvaluator {
  readonly #limits: ExpressionLimits;
  readonly #compiled: LruCache<string, Compiled>;
  readonly #isolated: IsolatedJsonata;

  constructor(options: JsonataEvaluatorOptions = {}) {
    this.#limits = { ...defaults, ...options };
    this.#compiled = new LruCache(this.#limits.cacheSize);
    this.#isolated = new IsolatedJsonata(this.#limits);
  }

  async evaluate(expression: string, scope: JsonObject): Promise<Json | undefined> {
    const compiled = this.#compiled.get(expression) ?? this.#compile(expression);
    if (compiled.kind === 'refused') throw compiled.error;
    if (compiled.kind === 'path') {
      const followed = followPath(compiled.names, scope);
      if (followed !== 'needs-jsonata') return followed.value;
    }
    return compiled.kind === 'isolated' ? this.#evaluateIsolated(expression, scope) : this.#evaluateHere(compiled.expression, expression, scope);
  }

  check(expression: string): ExpressionError | undefined {
    const parsed = this.#parse(expression);
    return parsed instanceof ExpressionError ? parsed : undefined;
  }

  /** Ends the evaluation thread, if there is one. */
  close(): Promise<void> {
    return this.#isolated.close();
  }

  async #evaluateHere(compiled: jsonata.Expression, expression: string, scope: JsonObject): Promise<Json | undefined> {
    try {
      return plainJson(await compiled.evaluate(scope), this.#limits.maxResultLength);
    } catch (error) {
      throw asExpressionError(error, expression, scope);
    }
  }

  async #evaluateIsolated(expression: string, scope: JsonObject): Promise<Json | undefined> {
    const answer = await this.#isolated.evaluate(expression, JSON.stringify(narrowScope(expression, scope)));
    if (answer.error) throw asExpressionError(answer.error, expression, scope);
    return parsedJson(answer.text);
  }

  #parse(expression: string): { readonly expression: jsonata.Expression; readonly isSimple: boolean } | ExpressionError {
    if (expression.length > maxExpressionLength) return new ExpressionError(`the expression is longer than ${maxExpressionLength} characters`, expression);
    try {
      const { maxDepth, maxSequence } = this.#limits;
      // No time limit: what is evaluated here takes time in proportion to its input, and a clock would count the work of others.
      const parsed = jsonata(expression, { stack: maxDepth, sequence: maxSequence });
      const { refusal, isSimple } = analyseExpression(parsed.ast());
      return refusal ? new ExpressionError(refusal.message, expression, refusal.offset) : { expression: parsed, isSimple };
    } catch (error) {
      return asExpressionError(error, expression);
    }
  }

  #compile(expression: string): Compiled {
    const compiled = this.#classify(expression);
    this.#compiled.set(expression, compiled);
    return compiled;
  }

  #classify(text: string): Compiled {
    const parsed = this.#parse(text);
    if (parsed instanceof ExpressionError) return { kind: 'refused', error: parsed };
    if (!parsed.isSimple) return { kind: 'isolated' };
    const names = pathOf(text);
    return names ? { kind: 'path', names, expression: parsed.expression } : { kind: 'simple', expression: parsed.expression };
  }
}
