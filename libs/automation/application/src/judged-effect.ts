import type { Action, FlowNode, JudgedEffect, Run } from '@cs/contracts';
import { definedMembers, holdsCredential, isJsonObject, type Json } from '@cs/kernel';

/** Numbers, and texts, of the arguments that policies see; the others are not seen. */
const maxValues = 200;
const maxTextLength = 256;
const maxPathLength = 128;

type Tools = { readonly [Kind in Action['kind']]: (action: Extract<Action, { kind: Kind }>) => string | undefined };

/** The tool that a kind of action calls: a step with one is judged even if it says nothing of its risk. The definition of an `http` step says exactly what it sends. */
const tools: Tools = { http: () => undefined, transform: () => undefined, automation: () => undefined, worker: () => undefined, question: () => undefined, escalation: () => undefined };

// The table has, for each kind, the tool of exactly that kind; the compiler cannot see the pairing.
const toolOf = (action: Action): string | undefined => (tools[action.kind] as (action: Action) => string | undefined)(action);

/** Kinds that do nothing outside: what they compute, or what a person is asked, is judged where it is used. */
const harmless: ReadonlySet<Action['kind']> = new Set<Action['kind']>(['transform', 'question', 'escalation']);

/** A step that does something outside. */
export const hasEffect = ({ action }: FlowNode): boolean => action !== undefined && !harmless.has(action.kind);

/** A step is judged when it says what it risks, or calls a tool. */
export const isJudged = (node: FlowNode): boolean =>
  hasEffect(node) && (node.risk_tier !== undefined || (node.data_classes ?? []).length > 0 || (node.action !== undefined && toolOf(node.action) !== undefined));

const plainName = /^[A-Za-z0-9_-]+$/;

/** A member name that could be taken for a path is written in brackets, so that no two places have one path. */
const memberPath = (path: string, name: string): string => {
  if (!plainName.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === '' ? name : `${path}.${name}`;
};

/** Places of a value that hold numbers or texts, in order. */
function* leavesOf(value: Json | undefined, path: string): Generator<readonly [string, string | number]> {
  if (typeof value === 'string' || typeof value === 'number') yield [path, value];
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* leavesOf(item as Json, `${path}[${index}]`);
  else if (isJsonObject(value)) for (const [name, member] of Object.entries(value)) yield* leavesOf(member, memberPath(path, name));
}

interface Facts {
  readonly numbers: Readonly<Record<string, number>>;
  readonly texts: Readonly<Record<string, string>>;
  readonly is_partial: boolean;
  readonly has_secret_content: boolean;
}

/** What goes out of an `http` step but its headers, whose credentials are there on purpose. */
const outgoing = (action: Action, value: Json): Json => {
  if (action.kind !== 'http' || !isJsonObject(value)) return value;
  const { headers: _headers, method: _method, ...rest } = value;
  return rest;
};

const isShort = ([path, value]: readonly [string, string | number]): boolean => path.length <= maxPathLength && (typeof value === 'number' || value.length <= maxTextLength);

const factsOf = (value: Json): Facts => {
  const leaves = [...leavesOf(value, '')];
  const isSecret = ([path, text]: readonly [string, string | number]): boolean => holdsCredential(path) || (typeof text === 'string' && holdsCredential(text));
  const open = leaves.filter(isShort).filter((leaf) => !isSecret(leaf));
  const numbers = open.filter((leaf): leaf is readonly [string, number] => typeof leaf[1] === 'number');
  const texts = open.filter((leaf): leaf is readonly [string, string] => typeof leaf[1] === 'string');
  return {
    numbers: Object.fromEntries(numbers.slice(0, maxValues)), texts: Object.fromEntries(texts.slice(0, maxValues)),
    is_partial: open.length < leaves.length || Math.max(numbers.length, texts.length) > maxValues, has_secret_content: leaves.some(isSecret),
  };
};

/** The host of a request; unknown while it comes from a secret. */
const hostOf = (action: Action, value: Json): string | undefined => {
  const url = action.kind === 'http' && isJsonObject(value) ? value['url'] : undefined;
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).hostname || undefined : undefined;
};

/** What policies see of the effect of a node, whose arguments are resolved to `value`: secrets are names in it. */
export const judgedEffect = (run: Run, node: FlowNode & { readonly action: Action }, value: Json): JudgedEffect => {
  const { action, node_id, risk_tier, data_classes = [] } = node;
  return {
    automation_id: run.automation_id, node_id, action_kind: action.kind, data_classes, requested_by: run.requested_by, trigger_type: run.trigger_type,
    ...definedMembers({ phase: node.stage_kind, tool: toolOf(action), risk_tier, host: hostOf(action, value), method: action.kind === 'http' ? action.method : undefined }),
    ...factsOf(outgoing(action, value)),
  };
};
