import type { WaitToOpen } from '@cs/automation-domain';
import type { Binding, ExternalWaitSpec, SingleWaitSpec, WaitSpec, WebhookWaitSpec } from '@cs/contracts';
import { atJsonPointer, isJsonObject, type Json, type JsonObject } from '@cs/kernel';
import { ExpressionError } from './expression.port.js';
import { asText, resolveTemplate, TemplateError, type TemplateScope } from './template.js';
import { instantOf } from './timer-wait.js';

type Resolvable = string | number | Binding;

const outputOf = (scope: JsonObject, node_id: string): Json | undefined => {
  const { nodes } = scope;
  const node = isJsonObject(nodes) ? nodes[node_id] : undefined;
  return isJsonObject(node) ? node['output'] : undefined;
};

const bound = ({ node_id, json_pointer = '' }: Extract<Binding, { node_output: unknown }>['node_output'], scope: JsonObject): Json => {
  const output = outputOf(scope, node_id);
  const value = output === undefined ? undefined : atJsonPointer(output, json_pointer);
  if (value === undefined) throw new ExpressionError(`the output of node "${node_id}" has nothing at "${json_pointer}"`, json_pointer);
  return value;
};

/** A value as it is written: literally, as a binding, or as a text with expressions. Throws `TemplateError`. */
const resolve = async (value: Resolvable, path: string, scope: TemplateScope): Promise<Json> => {
  if (typeof value !== 'object') return await resolveTemplate(value, path, scope);
  if ('literal' in value) return value.literal;
  try {
    return bound(value.node_output, scope.scope);
  } catch (error) {
    throw new TemplateError(`${path}.node_output`, error);
  }
};

const longestText = 512;

const resolveText = async (value: Resolvable, path: string, scope: TemplateScope): Promise<string> => {
  const text = asText(await resolve(value, path, scope)).trim();
  if (text === '' || text === 'null' || text.length > longestText) throw new TemplateError(path, new ExpressionError(`expected a text of 1 to ${longestText} characters`, text.slice(0, 80)));
  return text;
};

const webhookMatch = async ({ trigger_id, provider, provider_event_kind, correlation }: WebhookWaitSpec, path: string, scope: TemplateScope): Promise<NonNullable<WaitToOpen['webhook_match']>> => ({
  trigger_id,
  ...(provider === undefined ? {} : { provider }), ...(provider_event_kind === undefined ? {} : { provider_event_kind }),
  ...(correlation === undefined ? {} : { [correlation.field]: await resolveText(correlation.value, `${path}.correlation.value`, scope) }),
});

const external = async ({ condition_key, payload_schema }: ExternalWaitSpec, path: string, scope: TemplateScope): Promise<Pick<WaitToOpen, 'condition_key' | 'payload_schema'>> => ({
  condition_key: await resolveText(condition_key, `${path}.condition_key`, scope), ...(payload_schema === undefined ? {} : { payload_schema }),
});

const resolveWait = async (spec: SingleWaitSpec, path: string, scope: TemplateScope): Promise<WaitToOpen> => {
  const timeout = spec.timeout === undefined ? {} : { timeout: spec.timeout };
  switch (spec.kind) {
    case 'timer':
      if (spec.wake_at === undefined) return { wait_kind: 'timer', delay_ms: spec.delay_ms ?? 0, ...timeout };
      return { wait_kind: 'timer', wake_at_ms: instantOf(await resolve(spec.wake_at, `${path}.wake_at`, scope), `${path}.wake_at`), ...timeout };
    case 'webhook':
      return { wait_kind: 'webhook', webhook_match: await webhookMatch(spec, path, scope), ...timeout };
    case 'external_condition':
      return { wait_kind: 'external_condition', ...(await external(spec, path, scope)), ...timeout };
  }
};

/** The waits that a wait node opens, with everything resolved. Throws `TemplateError`. */
export const resolveWaits = async (spec: WaitSpec | undefined, scope: TemplateScope): Promise<readonly WaitToOpen[]> => {
  // An approval is a gate, which opens another way.
  if (spec === undefined || spec.kind === 'approval') return [];
  if (spec.kind !== 'any') return [await resolveWait(spec, 'wait', scope)];
  return await Promise.all(spec.of.map((branch, index) => resolveWait(branch, `wait.of[${index}]`, scope)));
};
