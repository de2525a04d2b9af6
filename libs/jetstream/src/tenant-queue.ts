import { parseLogSubject, tenantStatusSubjects } from '@cs/contracts';

/** Names the queue of one tenant: `{org}.{workspace}`. */
export type QueueKey = string;

const prefix = 'runner--queue-';

export const queueOfTenant = ({ org_id, workspace_id }: { readonly org_id: string; readonly workspace_id: string }): QueueKey => `${org_id}.${workspace_id}`;

/** The queue that a commit of a run belongs to; `undefined` when it is no commit. */
export const queueOfSubject = (subject: string): QueueKey | undefined => {
  const parsed = parseLogSubject(subject);
  return parsed && queueOfTenant(parsed.ref);
};

const tenantOf = (queue: QueueKey): { readonly org_id: string; readonly workspace_id: string } => {
  const [org_id = '', workspace_id = ''] = queue.split('.');
  return { org_id, workspace_id };
};

/** Durable name of a queue. The length keeps `a-b` of `c` apart from `a` of `b-c`. */
export const consumerOf = (queue: QueueKey): string => {
  const { org_id, workspace_id } = tenantOf(queue);
  return `${prefix}${org_id.length}-${org_id}-${workspace_id}`;
};

export const filterOf = (queue: QueueKey): string => tenantStatusSubjects(tenantOf(queue), 'run', 'queued');

/** The queue that a durable consumer stands for, if it does. */
export const queueOfConsumer = (name: string, filter: string): QueueKey | undefined => {
  const queue = queueOfSubject(filter);
  return queue !== undefined && name === consumerOf(queue) ? queue : undefined;
};

/** The consumer is a queue of some tenant. */
export const isQueue = (consumer: string): boolean => consumer.startsWith(prefix);
