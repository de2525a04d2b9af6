import { releaseText, type Approver, type BindingDifference, type GateRelease, type GateVote, type GovernanceActor, type PendingGate } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import type { Card } from './card.schema.js';
import { actorName, listed, minuteOf, redactCardJson, shown } from './card-text.js';

type Field = Card['fields'][number];

const maxLength = 1_000;
const maxName = 256;
const maxValue = 120;
const mostReleases = 5;
const mostDifferences = 10;
const mostNames = 20;

const field = (label: string, value: string | undefined, most = maxLength): readonly Field[] => (value === undefined ? [] : [{ label, value: shown(value, most, '… (shortened)') }]);

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

const voterName = ({ voter, voted_by, on_behalf_of }: GateVote): string => shown(on_behalf_of === undefined ? actorName({ ...voted_by, actor_id: voted_by.actor_id ?? voter }) : voter, maxName);

/** A vote with whose it is. */
export const voteText = (vote: GateVote): string => `${voterName(vote)} (${vote.decision})`;

const approvals = (gate: PendingGate): string | undefined => {
  const { approvals_required = 1, voting = 'veto' } = gate;
  return takesSeveral(gate) ? `takes ${approvals_required} people, by ${voting}` : undefined;
};

/** Who has approved so far, of how many that it takes, and who voted otherwise; `undefined` before anybody voted. */
export const votesText = (gate: PendingGate): string | undefined => {
  const { approvals_required = 1, votes = [] } = gate;
  if (!takesSeveral(gate) || votes.length === 0) return undefined;
  const approved = votes.filter(({ decision }) => decision === 'approve').map(voterName);
  const against = votes.filter(({ decision }) => decision !== 'approve').map(voteText);
  const count = `${approved.length} of ${approvals_required} approvals${approved.length === 0 ? '' : `: ${listed(approved, mostNames)}`}`;
  return shown([count, ...(against.length === 0 ? [] : [`against: ${listed(against, mostNames)}`])].join('; '), maxLength, '… (shortened)');
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

const untilFields = (gate: PendingGate): readonly Field[] => field(untilLabel, gate.expires_at_ms === undefined ? undefined : `${minuteOf(gate.expires_at_ms)}; ${onTimeout(gate)}`);

/** What an approver needs beside title and instructions, what matters most first: channels show as much as they have room for. */
export const gateFields = ({ workspace_id, run_id, requested_by }: { readonly workspace_id: string; readonly run_id: string; readonly requested_by?: GovernanceActor | undefined }, gate: PendingGate): Card['fields'] => [
  ...releaseFields(gate.releases ?? []),
  ...field('Asks again', gate.reopened_because && reopening(gate.reopened_because)),
  ...field('Why', gate.policy && `A policy asks for an approval: ${gate.policy.reason}`),
  ...untilFields(gate),
  ...field('Asked by', requested_by && requester(requested_by), maxName),
  ...field('May decide', deciders(gate)),
  ...field('Approvals', approvals(gate)),
  ...field('Risk', gate.risk_tier, 64),
  ...field('Data', gate.data_classes === undefined || gate.data_classes.length === 0 ? undefined : listed(gate.data_classes, mostNames)),
  { label: 'Run', value: run_id }, { label: 'Source', value: 'automation_v2' }, { label: 'Workspace', value: workspace_id }, { label: 'Node', value: gate.node_id },
];

/** The fields of a gate that still asks, as of now; without what it says, what may have changed is left out. */
export const fieldsNow = (fields: Card['fields'], gate: PendingGate | undefined): Card['fields'] =>
  fields.flatMap((known) => (known.label === untilLabel ? (gate === undefined ? [] : untilFields(gate)) : [known]));

const asking: ReadonlySet<string> = new Set([untilLabel, 'Approvals', 'May decide']);

/** The fields of one that asks no more: nothing waits for its time, or for anybody. */
export const settledFields = (fields: Card['fields']): Card['fields'] => fields.filter(({ label }) => !asking.has(label));
