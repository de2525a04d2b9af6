import { bindingsOf, type Binding } from '@cs/automation-domain';
import type { BindingDifference, FlowNode, GateRelease } from '@cs/contracts';
import type { Digest } from '@cs/eventing';
import { canonicalJson, definedMembers, isJsonObject, type Json } from '@cs/kernel';
import type { NodeContext } from './node-context.js';
import { shownArguments } from './shown-arguments.js';

const maxDifferences = 20;

type Difference = BindingDifference['differences'][number];

const entries = (value: Json | undefined): readonly (readonly [string, Json])[] => {
  if (Array.isArray(value)) return value.map((item: Json, index) => [`[${index}]`, item] as const);
  return isJsonObject(value) ? Object.entries(value).map(([name, member]) => [`.${name}`, member ?? null] as const) : [];
};

/** Values of one kind that have members: they differ in some of these. */
const areComparable = (a: Json | undefined, b: Json | undefined): boolean => (Array.isArray(a) && Array.isArray(b)) || (isJsonObject(a) && isJsonObject(b));

const isEqual = (a: Json | undefined, b: Json | undefined): boolean => a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b);

/** The places where two values differ. */
const differencesOf = (approved: Json | undefined, actual: Json | undefined, path: string): readonly Difference[] => {
  if (isEqual(approved, actual)) return [];
  if (!areComparable(approved, actual)) return [{ path, ...definedMembers({ approved, actual }) }];
  const [before, after] = [new Map(entries(approved)), new Map(entries(actual))];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => differencesOf(before.get(key), after.get(key), `${path}${key}`)).slice(0, maxDifferences);
};

/** What cannot be known is not what was approved. */
const unknown = ({ note = '' }: GateRelease, digest: Digest): { readonly digest: string; readonly arguments: Json | undefined } => ({ digest: `sha256:${digest(note)}`, arguments: note });

/** What differs between arguments that were approved and those at hand; `undefined` when they are the same, or none were shown. */
export const differenceBetween = (release: GateRelease, actual: { readonly digest: string; readonly arguments: Json | undefined }): BindingDifference | undefined =>
  release.digest === undefined || actual.digest === release.digest ? undefined
    : { node_id: release.node_id, approved_digest: release.digest, actual_digest: actual.digest, differences: differencesOf(release.arguments, actual.arguments, 'action') };

const differenceOf = ({ release }: Binding, now: GateRelease, digest: Digest): BindingDifference | undefined => {
  return differenceBetween(release, now.digest === undefined ? unknown(now, digest) : { digest: now.digest, arguments: now.arguments });
};

/**
 * True when the node may go out: no approval binds it, or it does exactly what was approved. Otherwise
 * the gate is sent back, and its next opening shows the difference.
 */
export const isAsApproved = async (context: NodeContext & { readonly digest: Digest }, node: FlowNode): Promise<boolean> => {
  const { session, definition } = context;
  const bindings = bindingsOf(session.run, definition, node.node_id);
  if (bindings.length === 0) return true;
  const now = await shownArguments(context, node);
  const difference = now && bindings.map((binding) => differenceOf(binding, now, context.digest)).find((found) => found !== undefined);
  if (difference === undefined) return true;
  session.apply({ type: 'reopen_gate', difference });
  return false;
};
