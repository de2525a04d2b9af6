import { isJsonObject, type Json, type JsonObject } from '@cs/kernel';

type Facts = Readonly<Record<string, string>>;

const request: Facts = { requestID: 'request_id', nodeID: 'node_id', item: 'item' };

/** What the audit keeps of questions and escalations: who was asked, who responded and why. What was answered stays out. */
export const humanFacts: Readonly<Record<string, Facts>> = {
  question_answered: { ...request, conversion: 'conversion', answeredBy: 'answered_by', answered_at_ms: 'answered_at_ms', reason: 'reason' },
  question_timed_out: { ...request, due_at_ms: 'due_at_ms', used_default: 'used_default' },
  escalation_accepted: { ...request, role: 'role', acceptedBy: 'accepted_by', accepted_at_ms: 'accepted_at_ms', reason: 'reason' },
  escalation_declined: { ...request, decline: 'decline', asked: 'asked', next_role: 'next_role' },
  escalation_passed_on: { ...request, due_at_ms: 'due_at_ms', asked: 'asked', next_role: 'next_role' },
  escalation_timed_out: { ...request, due_at_ms: 'due_at_ms' },
  human_request_cancelled: { ...request, kind: 'kind', reason: 'reason' },
  human_response_refused: { runID: 'run_id', requestID: 'request_id', response: 'response', code: 'code', detail: 'detail', actor: 'actor' },
};

const members = (value: Json | undefined, names: readonly string[]): JsonObject =>
  isJsonObject(value) ? Object.fromEntries(names.flatMap((name) => (value[name] === undefined ? [] : [[name, value[name]]]))) : {};

/** Of a request as it opens: who is asked for what, until when. */
export const askedFacts = (wait: Json | undefined): JsonObject => {
  if (!isJsonObject(wait)) return {};
  const { wait_id, node_id, created_at_ms, wake_at_ms, item, request: asked } = wait;
  return {
    ...members({ requestID: wait_id, nodeID: node_id, item, requested_at_ms: created_at_ms, expires_at_ms: wake_at_ms }, ['requestID', 'nodeID', 'item', 'requested_at_ms', 'expires_at_ms']),
    ...members(asked, ['kind', 'agent', 'ask', 'roles', 'risk_tier', 'data_classes']),
  };
};
