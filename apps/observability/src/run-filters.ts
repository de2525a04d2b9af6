import type { listStatefulRuns, PayloadOf } from '@cs/contracts';
import { definedMembers } from '@cs/kernel';
import { statusesLike, statusesOfPhase, type ImportedRunFilter, type RunFilter, type TenantKey } from '@cs/read-models';

type Asked = PayloadOf<typeof listStatefulRuns>;

const isOther = (asked: string | undefined, own: string): boolean => asked !== undefined && asked !== own;

/** Asks for runs that nobody has here: another tenant's, those of another kind, or of a workflow, which no automation's run is of. */
export const asksForNoRun = ({ org_id, workspace_id, deployment_id, kind, workflow_id }: Asked, tenant: TenantKey): boolean =>
  isOther(org_id, tenant.org_id) || isOther(workspace_id, tenant.workspace_id) || isOther(deployment_id, tenant.deployment_id) || isOther(kind, 'automation_v2') || workflow_id !== undefined;

/** Statuses that fit both filters; `undefined` when neither is asked for. */
const statusesOf = ({ status, phase }: Asked): readonly string[] | undefined => {
  if (phase === undefined) return status === undefined ? undefined : statusesLike(status);
  const ofPhase = statusesOfPhase(phase);
  return status === undefined ? ofPhase : statusesLike(status).filter((one) => ofPhase.includes(one));
};

/** Asks for what is not known of an imported run: its tenant, automation, trigger, status and phase are. */
export const onlyOfOwnRuns = (asked: Asked): boolean => {
  const { automation_id: _automation, trigger: _trigger, status: _status, phase: _phase, kind: _kind, org_id: _org, workspace_id: _workspace, deployment_id: _deployment, limit: _limit, cursor: _cursor, min_position: _position, ...others } = asked;
  return Object.values(others).some((value) => value !== undefined);
};

/** A back-off left the run queued, and shows as retrying. */
const importedStatusesOfPhase = (phase: string): readonly string[] => (phase === 'retrying' ? [...statusesOfPhase(phase), 'queued'] : statusesOfPhase(phase));

export const importedRunFilterOf = ({ automation_id, trigger, status, phase }: Asked): ImportedRunFilter => {
  const ofPhase = phase === undefined ? undefined : importedStatusesOfPhase(phase);
  const statuses = status === undefined ? ofPhase : [status].filter((one) => ofPhase?.includes(one) ?? true);
  return definedMembers({ automation_id, trigger, statuses, phase });
};

export const runFilterOf = (asked: Asked): RunFilter => {
  const { automation_id, trigger, owner_id, owner_kind, org_unit_id, resource_kind, resource_id, policy_version_id, data_class, risk_tier, delegation_grant_id, source_binding_id } = asked;
  const scope = definedMembers({ org_unit_id, resource_kind, resource_id, policy_version_id, data_class, risk_tier, delegation_grant_id, source_binding_id });
  return definedMembers({ automation_id, statuses: statusesOf(asked), trigger, owner_id, owner_kind, scope });
};
