import type { AggregateName } from './events/catalogue.js';
import { isAggregateName } from './events/catalogue.js';

/** Names one aggregate in the log. */
export interface AggregateRef {
  readonly org_id: string;
  readonly workspace_id: string;
  readonly aggregate: AggregateName;
  readonly id: string;
}

const aggregatePrefix = (ref: AggregateRef): string => `${ref.org_id}.${ref.workspace_id}.${ref.aggregate}.${ref.id}`;

/** `cs.log.{org}.{workspace}.{aggregate}.{id}.{status}`: the last token is the status after the commit. */
export const logSubject = (ref: AggregateRef, status: string): string => `cs.log.${aggregatePrefix(ref)}.${status}`;

/** Every commit of one aggregate, whatever its status. */
export const aggregateSubjects = (ref: AggregateRef): string => `cs.log.${aggregatePrefix(ref)}.*`;

/** Commits that left any aggregate of a kind in a status: what became `queued` feeds the runners. */
export const statusSubjects = (aggregate: AggregateName, status: string): string => `cs.log.*.*.${aggregate}.*.${status}`;

/** The same for one tenant. */
export const tenantStatusSubjects = ({ org_id, workspace_id }: Pick<AggregateRef, 'org_id' | 'workspace_id'>, aggregate: AggregateName, status: string): string =>
  `cs.log.${org_id}.${workspace_id}.${aggregate}.*.${status}`;

const logSubjectPattern = /^cs\.log\.([^.]+)\.([^.]+)\.([^.]+)\.([^.]+)\.([^.]+)$/;

/** Reads a subject of the log back; `undefined` when it is none of ours. */
export const parseLogSubject = (subject: string): { readonly ref: AggregateRef; readonly status: string } | undefined => {
  const [, org_id = '', workspace_id = '', aggregate = '', id = '', status = ''] = logSubjectPattern.exec(subject) ?? [];
  return isAggregateName(aggregate) ? { ref: { org_id, workspace_id, aggregate, id }, status } : undefined;
};

/** `cs.events.{org}.{workspace}.{aggregate}.{id}.{event_type}`: tenant first for permissions, type last for subscriptions. */
export const eventSubject = (ref: AggregateRef, eventType: string): string => `cs.events.${aggregatePrefix(ref)}.${eventType}`;

export const eventSubjects = (aggregate: AggregateName | '*', eventType: string): string => `cs.events.*.*.${aggregate}.*.${eventType}`;
export const tenantEventSubjects = (tenant: { readonly org_id: string; readonly workspace_id: string }): string =>
  `cs.events.${tenant.org_id}.${tenant.workspace_id}.>`;

/** Wait ids contain `:`, which a subject token may; run ids contain no dot. */
export const timerSubject = (state: 'pending' | 'fired', ref: AggregateRef, waitId: string): string =>
  `cs.timer.${state}.${ref.org_id}.${ref.workspace_id}.${ref.id}.${waitId}`;

/** The timer of an automation's schedule: one per automation, so that setting it again replaces it. */
export const fireTimerSubject = (state: 'pending' | 'fired', ref: AggregateRef): string =>
  `cs.timer.schedule-${state}.${ref.org_id}.${ref.workspace_id}.${ref.id}`;

/** Core messages (not stored): how far the projection is, that a running run was changed by someone else, whose queue has something new, and who uses the log. */
export const signalSubjects = {
  projected: 'cs.signal.projected',
  runChanged: (runId: string) => `cs.signal.run.${runId}`,
  queued: 'cs.signal.queued',
  presence: 'cs.signal.presence',
} as const;
