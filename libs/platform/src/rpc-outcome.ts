import type { ErrorCode, RpcMethod, RpcReply } from '@cs/contracts';

/** How a call ended. `refused`: by a rule. `failed`: the service could not do it, or not now. `no_answer`: nothing is known of it. */
export type CallOutcome = 'done' | 'refused' | 'failed' | 'no_answer';

const broken: ReadonlySet<string> = new Set<ErrorCode>(['INTERNAL', 'ANSWER_TOO_LARGE']);

export const outcomeOf = (reply: RpcReply): CallOutcome => {
  if (reply.ok) return 'done';
  if (reply.refusal.code === 'SERVICE_UNAVAILABLE') return 'no_answer';
  return reply.retry_after_s !== undefined || broken.has(reply.refusal.code) ? 'failed' : 'refused';
};

const prefix = 'cs.rpc.';

/** `runner/run_now` of `cs.rpc.runner.run_now`. */
export const methodName = ({ subject }: Pick<RpcMethod, 'subject'>): string => (subject.startsWith(prefix) ? subject.slice(prefix.length) : subject).replace('.', '/');
