// The statements behind the routes that the bench measures. Whoever needs them hands in how they are written, from sources or from a build.
const tenant = { org_id: 'local', workspace_id: 'local', deployment_id: '' };
const inboxReader = { ...tenant, named_keys: ['["person","ada"]'], open_keys: ['anyone', 'anyone_named'] };

/** By name. Pages hold `limit` items, and each part of a run's document as many. */
export const readStatements = ({ observedRunStatement, runListStatement, importedRunsStatement, pendingStatement, authoritiesStatement, pageStatement }, { run, limit }) => {
  const page = { limit };
  const ledger = (collection, filter) => pageStatement({ reader: tenant, collection, filter: { active_recovery_only: false, ...filter } }, { limit, from: { at_ms: Number.MAX_SAFE_INTEGER, id: '' } });
  const runs = (filter) => runListStatement(tenant, filter, page);
  return {
    'Observability of a run': observedRunStatement(tenant, run, { event_limit: limit, snapshot_limit: limit, reliability_limit: limit, audit_limit: limit }),
    'Runs': runs({}),
    'Runs of a status': runs({ statuses: ['awaiting_approval'] }),
    'Runs of an automation and a status': runs({ automation_id: 'bench-3', statuses: ['failed'] }),
    'Runs of a trigger': runs({ trigger: 'webhook' }),
    'Runs of a unit and a data class': runs({ scope: { org_unit_id: 'unit-0', data_class: 'customer_data' } }),
    'Imported runs, in the list of runs': importedRunsStatement(tenant, {}, page),
    'Imported runs of a status': importedRunsStatement(tenant, { statuses: ['completed'] }, page),
    'Imported runs of an automation': importedRunsStatement(tenant, { automation_id: 'bench-3' }, page),
    'Imported runs of a trigger': importedRunsStatement(tenant, { trigger: 'webhook' }, page),
    'Inbox': pendingStatement(inboxReader, {}, page),
    'Inbox, mine': pendingStatement(inboxReader, { mine: { voter: 'ada', authorities: [] } }, page),
    'Inbox, mine: what reviewers need': authoritiesStatement(tenant),
    'Outbox': ledger('outbox', {}),
    'Effects of a status': ledger('tool_effects', { status: 'unknown' }),
    'Dead letters that are active, of a status': ledger('dead_letters', { active_recovery_only: true, status: 'open' }),
    'Compensations of a type': ledger('compensations', { source_type: 'operator_review' }),
  };
};
