import { releaseText, type Approver, type BindingDifference, type GateRelease, type GateVote, type GovernanceActor, type PendingGate } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import type { Card } from './card.schema.js';
import { actorName, minuteOf, redactCardJson, shown } from './card-text.js';

type Field = Card['fields'][number];

const maxLength = 1_000;
const maxName = 256;
const maxValue = 120;
const mostReleases = 5;
const mostDifferences = 10;
const mostNames = 20;

const field = (label: string, value: string | undefined, most = maxLength): readonly Field[] => (value === undefined ? [] : [{ label, value: shown(value, most, '… (shortened)') }]);

/** The first ones, and how many more there are. */
const listed = (all: readonly string[], most: number, separator = ', '): string => [...all.slice(0, most), ...(all.length > most ? [`and ${all.length - most} more`] : [])].join(separator);

/** A step in one line. Texts inside of its arguments are redacted before they are written as JSON. */
const releaseLine = (release: GateRelease): string => {
  const shownArguments = release.arguments === undefined ? {} : { arguments: redactCardJson(release.arguments) };
  return `${release.node_id}: ${releaseText({ ...release, ...shownArguments }).replaceAll(/\s+/g, ' ')}`;
};

/** What goes out when it is approved: each step with its arguments. */
const releaseFields = (releases: readonly GateRelease[]): readonly Field[] => {
  const label = (index: number): string => (releases.length === 1 ? 'On approval' : `On approval ${index + 1}`);
  const fields = releases.slice(0, mostReleases).flatMap((release, index) => field(label(index), releaseLine(release)));
  return [...fields, ...(releases.length > mostReleases ? [{ label: 'On approval', value: `${releases.length - mostReleases} more steps; the page shows them` }] : [])];
};

const valueOf = (value: Json | undefined): string => (value === undefined ? 'nothing' : shown(JSON.stringify(redactCardJson(value)), maxValue));

const reopening = ({ node_id, differences }: BindingDifference): string => {
  const differing = differences.map(({ path, approved, actual }) => `${path}: approved ${valueOf(approved)}, now ${valueOf(actual)}`);
  return `${node_id} is not what had been approved${differing.length === 0 ? '' : `: ${listed(differing, mostDifferences, '; ')}`}`;
};

const requester = (actor: GovernanceActor): string => (actor.kind === 'human' || actor.actor_id === undefined ? actorName(actor) : `${actorName(actor)} (${actor.kind})`);

const approverName = ({ kind, id }: Approver): string => (kind === 'person' ? id : `${kind} ${id}`);

const takesSeveral = ({ approvals_required = 1, voting = 'veto' }: PendingGate): boolean => approvals_required > 1 || voting === 'majority';

const reviewers = ({ approvers, policy }: PendingGate): string | undefined => {
  const named = approvers === undefined ? policy?.approver_role && `role ${policy.approver_role}` : listed(approvers.map(approverName), mostNames);
  if (policy?.elevated !== true) return named;
  return named === undefined ? 'an elevated reviewer' : `an elevated reviewer: ${named}`;
};

/** Whoever has the authority may decide where nobody is named; that goes without saying. */
const deciders = (gate: PendingGate): string | undefined => {
  const isBarred = takesSeveral(gate) && gate.requester_may_approve !== true;
  return isBarred ? `${reviewers(gate) ?? 'anyone with authority'}; whoever asked may not approve` : reviewers(gate);
};

/** A vote with whose it is. */
export const voteText = ({ voter, voted_by, on_behalf_of, decision }: GateVote): string => `${shown(on_behalf_of === undefined ? actorName({ ...voted_by, actor_id: voted_by.actor_id ?? voter }) : voter, maxName)} (${decision})`;

/** A vote does not renew the card: it counts them only as of when it asked again. */
const approvals = (gate: PendingGate): string | undefined => {
  if (!takesSeveral(gate)) return undefined;
  const { approvals_required = 1, voting = 'veto', votes = [] } = gate;
  const approved = votes.filter(({ decision }) => decision === 'approve').length;
  const people = `${approvals_required} people, by ${voting}`;
  return votes.length === 0 ? `takes ${people}` : `${approved} of ${people}, when this asked again; voted: ${listed(votes.map(voteText), mostNames)}`;
};

/** The next who is asked when time runs out; somebody unnamed where the policy names nobody. */
const nextAsked = ({ expiry_policy: { escalate_to = 'somebody else' } = {}, policy_state }: PendingGate): string | undefined => (typeof escalate_to === 'string' ? [escalate_to] : escalate_to)[policy_state?.escalations ?? 0];

const onTimeout = (gate: PendingGate): string => {
  const next = nextAsked(gate);
  switch (gate.expiry_policy?.on_expiry ?? 'cancel') {
    case 'cancel': return 'then the run is cancelled';
    case 'resume': return 'then the run goes on as if approved';
    case 'remind': return 'then it asks again';
    case 'escalate': return next === undefined ? 'after that it stays open' : `then ${next} is asked`;
  }
};

const untilLabel = 'Until';
const approvalsLabel = 'Approvals';

const untilFields = (gate: PendingGate): readonly Field[] => field(untilLabel, gate.expires_at_ms === undefined ? undefined : `${minuteOf(gate.expires_at_ms)}; ${onTimeout(gate)}`);

/** What an approver needs beside title and instructions, what matters most first: channels show as much as they have room for. */
export const gateFields = ({ workspace_id, run_id, requested_by }: { readonly workspace_id: string; readonly run_id: string; readonly requested_by?: GovernanceActor | undefined }, gate: PendingGate): Card['fields'] => [
  ...releaseFields(gate.releases ?? []),
  ...field('Asks again', gate.reopened_because && reopening(gate.reopened_because)),
  ...field('Why', gate.policy && `A policy asks for an approval: ${gate.policy.reason}`),
  ...untilFields(gate),
  ...field('Asked by', requested_by && requester(requested_by), maxName),
  ...field('May decide', deciders(gate)),
  ...field(approvalsLabel, approvals(gate)),
  ...field('Risk', gate.risk_tier, 64),
  ...field('Data', gate.data_classes === undefined || gate.data_classes.length === 0 ? undefined : listed(gate.data_classes, mostNames)),
  { label: 'Run', value: run_id }, { label: 'Source', value: 'automation_v2' }, { label: 'Workspace', value: workspace_id }, { label: 'Node', value: gate.node_id },
];

const changing: ReadonlyMap<string, (gate: PendingGate) => readonly Field[]> = new Map([[untilLabel, untilFields], [approvalsLabel, (gate) => field(approvalsLabel, approvals(gate))]]);

/** The fields of a gate that asks again, as of now; without what it says, what may have changed is left out. */
export const fieldsNow = (fields: Card['fields'], gate: PendingGate | undefined): Card['fields'] =>
  fields.flatMap((known) => {
    const now = changing.get(known.label);
    return now === undefined ? [known] : gate === undefined ? [] : now(gate);
  });

/** The fields of one that asks no more: nothing waits for its time, or for anybody. */
export const settledFields = (fields: Card['fields']): Card['fields'] => fields.filter(({ label }) => !changing.has(label) && label !== 'May decide');
