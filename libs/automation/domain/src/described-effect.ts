import type { Action, EffectIntent, FlowNode } from '@cs/contracts';

/** Longest address that is recorded with an intent, in characters. */
const shownTarget = 200;

/** The address as far as the definition fixes it; from its first expression, its query or its user on it may hold what is not to be shown. */
const fixedPart = (url: string): string => (url.split(/\{\{|[?#]/, 1)[0] ?? '').slice(0, shownTarget);

/** What an effect does, and to what, for whoever reads of it later. */
export const describedEffect = (node: FlowNode | undefined): Pick<EffectIntent, 'operation' | 'target'> => describedAction(node?.action);

export const describedAction = (action: Action | undefined): Pick<EffectIntent, 'operation' | 'target'> => {
  if (action?.kind !== 'http') return {};
  const target = fixedPart(action.url);
  return { operation: `http.${action.method.toLowerCase()}`, ...(target === '' || target.includes('@') ? {} : { target }) };
};
