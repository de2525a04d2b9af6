import type { Action, FlowNode, GateRelease } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { canonicalJson, type Json } from '@cs/kernel';
import { namedSecrets } from './http-step.js';
import { scopeOf, type NodeContext } from './node-context.js';
import { failureText } from './node-failure.js';
import { resolveTemplate } from './template.js';

/** Longest arguments that are shown whole, in characters of JSON; longer ones are bound by their digest only. */
const shownLength = 16 * 1024;

type Templates = { readonly [Kind in Action['kind']]: (action: Extract<Action, { kind: Kind }>) => Json };

/** What of an action goes out. */
const templates: Templates = {
  http: ({ method, url, headers = {}, query = {}, body = null }) => ({ method, url, headers, query, body }),
  automation: ({ automation_id, version = null, input = {} }) => ({ automation_id, version, input }),
  transform: ({ expression }) => ({ expression }),
  worker: ({ task_type, payload = null }) => ({ task_type, payload }),
  question: ({ prompt, schema = null, default: fallback = null }) => ({ prompt, schema, default: fallback }),
  escalation: ({ role, reason, chain = [] }) => ({ role, reason, chain }),
};

// The table has, for each kind, the template of exactly that kind; the compiler cannot see the pairing.
const templateOf = (action: Action): Json => (templates[action.kind] as (action: Action) => Json)(action);

/** A secret shows as its name: approvers see where it goes, and a new value is no other step. */
const secretNames = { get: (name: string): string => `secrets.${name}` };

/** Of a fan-out, the list and what is done with each of its items. */
const resolve = async (context: NodeContext, node: FlowNode, action: Action): Promise<Json> => {
  const scope = scopeOf(context, node);
  if (node.for_each !== undefined) {
    return { action: templateOf(action), items: await resolveTemplate(node.for_each.items as Json, 'for_each.items', { evaluator: context.evaluator, scope }) };
  }
  if (action.kind === 'transform') return templateOf(action);
  const template = templateOf(action);
  return await resolveTemplate(template, 'action', { evaluator: context.evaluator, scope: { ...scope, secrets: namedSecrets(template, secretNames) } });
};

/** Arguments with their expressions resolved, secrets as names, and the digest of both them and the kind of action. */
export interface ResolvedArguments {
  readonly value: Json;
  readonly digest: string;
  /** Characters of their canonical form. */
  readonly length: number;
}

/** The arguments that a node would be executed with now. Throws `TemplateError`. */
export const argumentsOf = async (context: NodeContext & { readonly digest: Digest }, node: FlowNode & { readonly action: Action }): Promise<ResolvedArguments> => {
  const { action } = node;
  const value = await resolve(context, node, action);
  const text = canonicalJson({ action_kind: action.kind, arguments: value });
  return { value, digest: `sha256:${context.digest(text)}`, length: text.length };
};

/** The arguments that a node would be executed with now, and their digest. Expressions have no clock and no chance, so the same state gives the same arguments. */
export const shownArguments = async (context: NodeContext & { readonly digest: Digest }, node: FlowNode): Promise<GateRelease | undefined> => {
  const { node_id, action } = node;
  if (action === undefined) return undefined;
  const shown = { node_id, action_kind: action.kind };
  try {
    const { value, digest, length } = await argumentsOf(context, { ...node, action });
    return length <= shownLength ? { ...shown, arguments: value, digest } : { ...shown, digest, note: `its arguments have ${length} characters and are bound by their digest` };
  } catch (error) {
    // What depends on the decision itself is not known before it.
    return { ...shown, note: `its arguments are not known yet: ${failureText(error)}` };
  }
};
