import type { EffectIntent, FlowNode, HttpAction } from '@cs/contracts';
import { isJsonObject, type Json, type JsonObject } from '@cs/kernel';
import type { ExpressionEvaluator } from './expression.port.js';
import { ExpressionError } from './expression.port.js';
import type { Secrets } from './secrets.port.js';
import type { HttpStep } from './step-runner.port.js';
import { expressionsIn, resolveTemplate, TemplateError } from './template.js';

const defaultTimeoutMs = 30_000;
const defaultKeyHeader = 'Idempotency-Key';
const safeMethods: ReadonlySet<HttpAction['method']> = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

/** How safe it is to send the request again: as declared, else by the method (wire, "Steps"). */
export const effectModeOf = (action: HttpAction): EffectIntent['mode'] => {
  if (action.idempotency === 'none' || action.idempotency === 'safe') return action.idempotency;
  if (action.idempotency !== undefined) return 'keyed';
  return safeMethods.has(action.method) ? 'safe' : 'keyed';
};

const keyHeader = (action: HttpAction): string => (typeof action.idempotency === 'object' ? action.idempotency.header : defaultKeyHeader);

const secretName = /\bsecrets\s*\.\s*([A-Za-z_][A-Za-z0-9_]*)/g;

/** Only the secrets that the step names, so that no expression can list the others. */
export const namedSecrets = (template: Json, secrets: Secrets): Record<string, string> => {
  const named: Record<string, string> = {};
  for (const { path, expression } of expressionsIn(template, 'action')) {
    for (const [, name = ''] of expression.matchAll(secretName)) {
      const value = secrets.get(name);
      if (value === undefined) throw new TemplateError(path, new ExpressionError(`secret "${name}" has no value here; set COUNTERSIGN_SECRET_${name}`, expression));
      named[name] = value;
    }
  }
  return named;
};

const asStrings = (value: Json | undefined): Readonly<Record<string, string>> => {
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, typeof member === 'string' ? member : JSON.stringify(member)]));
};

const statusList = (expected: HttpAction['expect_status']): readonly number[] | undefined => (typeof expected === 'number' ? [expected] : expected);

const optional = (node: FlowNode, action: HttpAction, { effect, body }: { effect: EffectIntent | undefined; body: Json | undefined }): Partial<HttpStep> => {
  const expect_status = statusList(action.expect_status);
  return {
    timeout_ms: node.timeout_ms ?? defaultTimeoutMs,
    ...(body === undefined ? {} : { body }),
    ...(expect_status === undefined ? {} : { expect_status }),
    ...(action.response === undefined ? {} : { response: action.response }),
    ...(effect?.mode === 'keyed' ? { idempotency: { header: keyHeader(action), key: effect.idempotency_key } } : {}),
  };
};

export interface StepScope {
  readonly evaluator: ExpressionEvaluator;
  readonly secrets: Secrets;
  readonly scope: JsonObject;
}

/** An `http` action with its expressions resolved. Throws `TemplateError`. */
export const resolveHttpStep = async (node: FlowNode, action: HttpAction, { evaluator, secrets, scope, effect }: StepScope & { readonly effect: EffectIntent | undefined }): Promise<HttpStep> => {
  const { url, headers = {}, query = {}, body } = action;
  const template: Json = { url, headers, query, ...(body === undefined ? {} : { body }) };
  const named = namedSecrets(template, secrets);
  const resolved = await resolveTemplate(template, 'action', { evaluator, scope: { ...scope, secrets: named } });
  const parts: JsonObject = isJsonObject(resolved) ? resolved : {};
  return {
    node_id: node.node_id,
    method: action.method,
    url: String(parts['url']),
    headers: asStrings(parts['headers']),
    query: asStrings(parts['query']),
    secrets: Object.values(named),
    timeout_ms: defaultTimeoutMs,
    ...optional(node, action, { effect, body: parts['body'] }),
  };
};
