import type { PolicyProblem } from '@cs/automation-application';
import type { PolicyOutcome } from '@cs/contracts';
import { policySetTextToParts, policyToJson } from '@cedar-policy/cedar-wasm/nodejs';
import { problemAt } from './text-place.js';

/** The most specific scope decides, whatever the order of policies of the others (domain 10.1). */
export const scopes = ['phase', 'resource', 'workflow', 'tenant'] as const;
type Scope = (typeof scopes)[number];

/** One policy of a text, with what its annotations say. */
export interface PolicyStatement {
  readonly id: string;
  readonly text: string;
  /** Where it begins in the whole text. */
  readonly index: number;
  readonly isForbid: boolean;
  readonly outcome: PolicyOutcome;
  readonly scope: Scope;
  readonly order: number;
  readonly elevated: boolean;
  readonly reason_code: string;
  readonly reason: string;
  readonly approver_role: string | undefined;
}

export type Read = { readonly statements: readonly PolicyStatement[]; readonly problems: readonly PolicyProblem[] };

type Annotations = Readonly<Record<string, string>>;

/** What each annotation may be. */
const forms: Readonly<Record<string, { readonly form: RegExp; readonly hint: string }>> = {
  id: { form: /^[A-Za-z0-9_-]{1,64}$/, hint: '1 to 64 letters, digits, "_" or "-"' },
  decision: { form: /^(?:allow|deny|approval_required)$/, hint: 'allow, deny or approval_required' },
  scope: { form: /^(?:phase|resource|workflow|tenant)$/, hint: 'phase, resource, workflow or tenant' },
  order: { form: /^\d{1,6}$/, hint: 'a number from 0 to 999999' },
  elevated: { form: /^(?:true|false)$/, hint: '"true" or "false"' },
  reason_code: { form: /^[a-z][a-z0-9_]{0,63}$/, hint: 'small letters, digits and "_"' },
  reason: { form: /^[^\n]{1,300}$/, hint: 'one line of at most 300 characters' },
  approver_role: { form: /^[^\n]{1,256}$/, hint: 'the name of a role' },
  description: { form: /^[\s\S]{0,4000}$/, hint: 'a text' },
};

const defaults = { decision: 'allow', scope: 'tenant', order: '100', elevated: 'false', approver_role: '' };

const isOutcome = (word: string): word is PolicyOutcome => word === 'allow' || word === 'deny' || word === 'approval_required';

const scopeOf = (word: string): Scope => scopes.find((scope) => scope === word) ?? 'tenant';

const faultsOf = (annotations: Annotations, isForbid: boolean): readonly string[] => {
  const wrong = Object.entries(annotations).flatMap(([name, value]) => {
    const known = forms[name];
    if (known === undefined) return [`@${name} is no annotation of a policy; there are ${Object.keys(forms).map((form) => `@${form}`).join(', ')}`];
    return known.form.test(value) ? [] : [`@${name} has to be ${known.hint}`];
  });
  const unnamed = annotations['id'] === undefined ? ['the policy has no @id'] : [];
  const contradiction = isForbid && (annotations['decision'] ?? 'deny') !== 'deny' ? ['a forbid always denies; write a permit with @decision'] : [];
  return [...unnamed, ...wrong, ...contradiction];
};

const statementOf = (annotations: Annotations, place: Pick<PolicyStatement, 'text' | 'index' | 'isForbid'>): PolicyStatement => {
  const { decision, scope, order, elevated, approver_role } = { ...defaults, ...annotations };
  const { id = '' } = annotations;
  return {
    ...place, id, scope: scopeOf(scope), order: Number(order), elevated: elevated === 'true',
    outcome: place.isForbid || !isOutcome(decision) ? 'deny' : decision,
    reason_code: annotations['reason_code'] ?? 'policy', reason: annotations['reason'] ?? `policy "${id}" applies`,
    approver_role: approver_role === '' ? undefined : approver_role,
  };
};

const twice = (statements: readonly PolicyStatement[], whole: string): readonly PolicyProblem[] =>
  statements.filter(({ id }, index) => id !== '' && statements.findIndex((other) => other.id === id) < index).map(({ id, index }) => problemAt(whole, index, `@id("${id}") is there twice`));

/** Reads a text that is known to parse. */
export const readStatements = (whole: string): Read => {
  const parts = policySetTextToParts(whole);
  if (parts.type === 'failure') return { statements: [], problems: [problemAt(whole, 0, parts.errors[0]?.message ?? 'the text cannot be read')] };
  const templates = parts.policy_templates.map((text) => problemAt(whole, Math.max(whole.indexOf(text), 0), 'templates are not supported: write ids instead of ?principal and ?resource'));
  const read = parts.policies.map((text) => {
    const json = policyToJson(text);
    const isForbid = json.type === 'success' && json.json.effect === 'forbid';
    const annotations = json.type === 'success' ? (json.json.annotations ?? {}) : {};
    const index = Math.max(whole.indexOf(text), 0);
    return { statement: statementOf(annotations, { text, index, isForbid }), problems: faultsOf(annotations, isForbid).map((fault) => problemAt(whole, index, fault)) };
  });
  const statements = read.map(({ statement }) => statement).sort((a, b) => a.index - b.index);
  return { statements, problems: [...templates, ...read.flatMap(({ problems }) => problems), ...twice(statements, whole)] };
};
