/** What kind of "no" a code is. Edges translate kinds (HTTP: libs/http-api/src/problem.ts); nothing else knows statuses. */
export type ErrorKind =
  | 'invalid' | 'unauthenticated' | 'forbidden' | 'not_found' | 'method_not_allowed' | 'conflict' | 'too_large'
  | 'unsupported_media_type' | 'not_acceptable' | 'rate_limited' | 'unavailable' | 'timeout' | 'internal';

interface ErrorEntry {
  readonly kind: ErrorKind;
  /** What was wrong, in one line; permanent codes, free texts. */
  readonly title: string;
  /** What the caller can do. */
  readonly remedy: string;
}

/** Every code an answer can carry. Codes are permanent; nobody matches on texts. */
export const errorCatalogue = {
  REQUEST_BODY_INVALID: { kind: 'invalid', title: 'The body is not what this route takes', remedy: 'Correct the members listed in `problems`.' },
  REQUEST_BODY_MALFORMED: { kind: 'invalid', title: 'The body is not JSON', remedy: 'Send one JSON (or, where the route says so, YAML) document in UTF-8.' },
  REQUEST_QUERY_INVALID: { kind: 'invalid', title: 'A query parameter is wrong', remedy: 'Correct the parameters listed in `problems`.' },
  REQUEST_PATH_INVALID: { kind: 'invalid', title: 'An id in the path is malformed', remedy: 'Ids are letters, digits, "_" and "-".' },
  REQUEST_HEADER_INVALID: { kind: 'invalid', title: 'A header is wrong', remedy: 'Correct the header named in `problems`.' },
  REQUEST_TOO_LARGE: { kind: 'too_large', title: 'The body is too large', remedy: 'Send at most 1 MiB.' },
  REQUEST_MEDIA_TYPE_UNSUPPORTED: { kind: 'unsupported_media_type', title: 'This media type is not read here', remedy: 'Send application/json (definitions also as application/yaml).' },
  ROUTE_NOT_FOUND: { kind: 'not_found', title: 'There is no such route', remedy: 'See /docs.' },
  METHOD_NOT_ALLOWED: { kind: 'method_not_allowed', title: 'This route does not take this method', remedy: 'See the `Allow` header and /docs.' },
  UNAUTHENTICATED: { kind: 'unauthenticated', title: 'The request carries no valid credentials', remedy: 'Send `Authorization: Bearer <API key>`.' },
  RATE_LIMITED: { kind: 'rate_limited', title: 'Too many requests', remedy: 'Wait for `Retry-After` seconds.' },
  SERVICE_UNAVAILABLE: { kind: 'unavailable', title: 'A service that this needs is not there', remedy: 'Repeat after `Retry-After` seconds; nothing was written unless the answer says so.' },
  LOG_UNAVAILABLE: { kind: 'unavailable', title: 'The event log cannot be reached', remedy: 'Repeat after `Retry-After` seconds with the same Idempotency-Key.' },
  PROJECTION_UNAVAILABLE: { kind: 'unavailable', title: 'The database cannot be reached', remedy: 'Repeat after `Retry-After` seconds; runs go on meanwhile.' },
  PROJECTION_BEHIND: { kind: 'unavailable', title: 'The projection has not reached the position asked for', remedy: 'Repeat after `Retry-After` seconds.' },
  ARCHIVE_BEHIND: { kind: 'unavailable', title: 'The decision is in the log, but not yet confirmed by the archive', remedy: 'The decision holds. Repeat with the same Idempotency-Key to get its confirmation.' },
  INTERNAL: { kind: 'internal', title: 'Something broke on our side', remedy: 'Report the correlation id.' },
  CONCURRENT_CHANGE: { kind: 'conflict', title: 'Others changed this at the same time, too often', remedy: 'Read it again and repeat.' },
  IDEMPOTENCY_KEY_REUSED: { kind: 'conflict', title: 'This Idempotency-Key was used for another request', remedy: 'Use a new key for a new request; the same key only to repeat the same one.' },
  WEBHOOK_TRIGGER_NOT_FOUND: { kind: 'not_found', title: 'There is no such webhook trigger', remedy: 'GET /automations/v2/{automation_id}/webhook-triggers lists yours; an address is only valid until it is rotated or its trigger deleted.' },
  WEBHOOK_DELIVERY_NOT_FOUND: { kind: 'not_found', title: 'There is no such webhook delivery', remedy: 'GET /automations/v2/{automation_id}/webhook-triggers/{trigger_id}/deliveries lists them.' },
  WEBHOOK_DELIVERY_NOT_REPLAYABLE: { kind: 'conflict', title: 'This delivery cannot be routed again', remedy: 'Only deliveries whose routing has ended, and that were accepted, can be.' },
  WEBHOOK_SIGNATURE_INVALID: { kind: 'unauthenticated', title: 'The webhook is not signed as it should be', remedy: 'Sign the bytes of the body as the trigger\'s scheme says, with its current secret, at the current time.' },
  WEBHOOK_TRIGGER_DISABLED: { kind: 'conflict', title: 'The webhook trigger is disabled', remedy: 'Enable it, then send again.' },
  WEBHOOK_TOO_LARGE: { kind: 'too_large', title: 'The body of the webhook is too large', remedy: 'Send at most 256 KiB (GitHub: 512 KiB).' },
  WEBHOOK_SECRET_UNAVAILABLE: { kind: 'unavailable', title: 'The signing secret of the webhook trigger is not configured', remedy: 'Give the runner COUNTERSIGN_WEBHOOK_KEY, or the secret that the trigger names (COUNTERSIGN_SECRET_<NAME>).' },
  WEBHOOK_UNSIGNED_NOT_ALLOWED: { kind: 'forbidden', title: 'Unsigned webhooks are not allowed here', remedy: 'Choose a scheme that signs; unsigned_dev_mode needs COUNTERSIGN_WEBHOOK_UNSIGNED=true and a local caller without API keys.' },
  AUTOMATION_V2_INVALID: { kind: 'invalid', title: 'The automation definition is not valid', remedy: 'Correct the members listed in `problems`.' },
  AUTOMATION_V2_INPUT_INVALID: { kind: 'invalid', title: 'The input does not fit the automation\'s input_schema', remedy: 'Correct the members listed in `problems`.' },
  AUTOMATION_V2_NOT_FOUND: { kind: 'not_found', title: 'There is no such automation', remedy: 'GET /automations/v2 lists yours.' },
  AUTOMATION_V2_ALREADY_EXISTS: { kind: 'conflict', title: 'An automation with this id exists with another definition', remedy: 'PATCH it, or choose another automation_id.' },
  AUTOMATION_V2_ACCESS_DENIED: { kind: 'forbidden', title: 'This needs the owner or an administrator', remedy: 'Ask the owner of the automation.' },
  AUTOMATION_V2_WAIT_NOT_FOUND: { kind: 'not_found', title: 'The run has no such wait', remedy: 'GET /automations/v2/runs/{run_id}/waits lists its waits.' },
  AUTOMATION_V2_WAIT_NOT_RESOLVABLE: { kind: 'conflict', title: 'This wait is not one that is resolved by API', remedy: 'Only waits of kind external_condition are; see the waits of the run.' },
  AUTOMATION_V2_WAIT_ALREADY_ENDED: { kind: 'conflict', title: 'The wait has ended already', remedy: 'Nothing was changed; `details` says how it ended. The key that ended it gets its first answer.' },
  AUTOMATION_V2_WAIT_PAYLOAD_INVALID: { kind: 'invalid', title: 'The payload does not fit the wait\'s payload_schema', remedy: 'Correct the members listed in `problems`.' },
  AUTOMATION_V2_WAIT_PAYLOAD_TOO_LARGE: { kind: 'too_large', title: 'The payload of a condition is too large', remedy: 'Send at most 16 KiB of JSON; refer to larger data by a link.' },
  AUTOMATION_V2_NOT_RUNNABLE: { kind: 'conflict', title: 'The automation is paused', remedy: 'Set its status to "active".' },
  AUTOMATION_V2_HANDOFF_NOT_FOUND: { kind: 'not_found', title: 'There is no such handoff', remedy: 'GET /automations/v2/{automation_id}/handoffs lists those of an automation.' },
  AUTOMATION_V2_HANDOFF_REQUIRES_HUMAN: { kind: 'forbidden', title: 'Only a person may approve a handoff', remedy: 'Approve with a person\'s credentials.' },
  AUTOMATION_V2_VERSION_NOT_FOUND: { kind: 'not_found', title: 'The automation has no such version', remedy: 'Leave `version` out, or name one that the automation has had.' },
  AUTOMATION_V2_RUN_NOT_FOUND: { kind: 'not_found', title: 'There is no such run', remedy: 'GET /automations/v2/runs lists yours.' },
  AUTOMATION_V2_RUN_FINISHED: { kind: 'conflict', title: 'The run has ended', remedy: 'Recover, repair or retry it first, or start a new one.' },
  AUTOMATION_V2_GUARDRAIL_OVERRIDE_TOO_LOW: { kind: 'conflict', title: 'The run would still be at its limit', remedy: 'Allow more than `reached` lists as used.' },
  AUTOMATION_V2_USAGE_CORRELATION_UNKNOWN: { kind: 'invalid', title: 'The usage belongs to no node of this run', remedy: 'Send the idempotency key that the step was sent with, or no `correlation_id`.' },
  AUTOMATION_V2_RUN_NOT_AWAITING_APPROVAL: { kind: 'conflict', title: 'The run does not wait for a decision (any more)', remedy: '`winningDecision` tells who decided what.' },
  AUTOMATION_V2_RUN_GATE_MISSING: { kind: 'conflict', title: 'The run waits, but no gate is open', remedy: 'An operator has to repair the run.' },
  AUTOMATION_V2_GATE_REQUIRES_HUMAN: { kind: 'forbidden', title: 'Only a person may decide a gate', remedy: 'Decide with a person\'s credentials.' },
  AUTOMATION_V2_GATE_INVALID_DECISION: { kind: 'invalid', title: 'This gate does not take this decision', remedy: 'Use one of `decisions`.' },
  AUTOMATION_V2_GATE_NODE_NOT_FOUND: { kind: 'not_found', title: 'The gate\'s node is not in the definition', remedy: 'An operator has to repair the run.' },
  AUTOMATION_V2_GATE_TRANSITION_GUARD_DENIED: { kind: 'conflict', title: 'This request is no longer open', remedy: 'Read the inbox and decide the gate that is open now.' },
  AUTOMATION_V2_GATE_SELF_APPROVAL_FORBIDDEN: { kind: 'forbidden', title: 'Whoever asked for this may not approve it', remedy: 'Someone else has to approve.' },
  AUTOMATION_V2_GATE_EXPIRED: { kind: 'conflict', title: 'The time to decide this gate is over', remedy: 'Nothing can be decided any more; the run is about to be settled as its expiry policy says.' },
  AUTOMATION_V2_GATE_REVIEWER_IDENTITY_REQUIRED: { kind: 'forbidden', title: 'This gate has to know who decides', remedy: 'Decide with credentials that name a person.' },
  AUTOMATION_V2_GATE_NOT_AN_APPROVER: { kind: 'forbidden', title: 'You are not among the approvers of this gate', remedy: 'Ask one of `approvers`.' },
  AUTOMATION_V2_GATE_ALREADY_VOTED: { kind: 'conflict', title: 'You voted at this gate already, and otherwise', remedy: 'The first vote stands; ask the others.' },
  AUTOMATION_V2_GATE_REVIEWER_AUTHORITY_REQUIRED: { kind: 'forbidden', title: 'This gate takes decisions of reviewers with granted authority', remedy: 'Decide with a signed assertion that carries your grants, or in a verified channel.' },
  AUTOMATION_V2_GATE_REVIEWER_AUTHORITY_DENIED: { kind: 'forbidden', title: 'Your authority does not cover this gate', remedy: 'Ask someone whose grants cover the gate\'s resource and data classes.' },
  AUTOMATION_V2_INVALID_VISIBILITY: { kind: 'invalid', title: 'This is no visibility', remedy: 'Use "private", "group" or "org".' },
  AUTOMATION_V2_RUN_NOT_PAUSABLE: { kind: 'conflict', title: 'A run with this status cannot be paused', remedy: 'Only a running, queued or waiting run can; `currentStatus` tells what it is.' },
  AUTOMATION_V2_RUN_NOT_PAUSED: { kind: 'conflict', title: 'The run is not paused', remedy: '`currentStatus` tells what it is.' },
  AUTOMATION_V2_RUN_NOT_RECOVERABLE: { kind: 'conflict', title: 'A run with this status has nothing to recover', remedy: 'A failed, blocked or paused run can be recovered; retry or repair a node of any other that rests.' },
  AUTOMATION_V2_RUN_FAILURE_CONTEXT_MISSING: { kind: 'conflict', title: 'Nothing of the run tells which node failed', remedy: 'Retry or repair a node.' },
  AUTOMATION_V2_RUN_BLOCKED_CONTEXT_MISSING: { kind: 'conflict', title: 'Nothing of the run tells which node is blocked', remedy: 'Retry or repair a node.' },
  AUTOMATION_V2_RUN_NOT_REPAIRABLE: { kind: 'conflict', title: 'A runner is at work on the run, or about to be', remedy: 'Pause or cancel the run first.' },
  AUTOMATION_V2_REPAIR_NODE_REQUIRED: { kind: 'invalid', title: 'A repair needs a node', remedy: 'Send `node_id`.' },
  AUTOMATION_V2_REPAIR_NODE_NOT_FOUND: { kind: 'not_found', title: 'The definition has no such node', remedy: 'Read the automation for its nodes.' },
  AUTOMATION_V2_REPAIR_AGENT_NOT_FOUND: { kind: 'not_found', title: 'The node has no agent that could be edited', remedy: 'Name an agent of the definition in the node\'s `agent_id`.' },
  AUTOMATION_V2_REPAIR_METADATA_INVALID: { kind: 'internal', title: 'The node\'s metadata cannot take a prompt', remedy: 'PATCH the automation so that `metadata` and `metadata.builder` of the node are objects.' },
  AUTOMATION_V2_REPAIR_PERSIST_FAILED: { kind: 'invalid', title: 'The edited definition is not valid', remedy: 'Correct the members listed in `problems`.' },
  AUTOMATION_V2_RUN_TASK_NOT_MUTABLE: { kind: 'conflict', title: 'A runner is at work on the run, or it may not send anything any more', remedy: 'Pause or cancel the run first.' },
  AUTOMATION_V2_RUN_TASK_NOT_CONTINUEABLE: { kind: 'conflict', title: 'A runner is at work on the run, or about to be', remedy: 'Pause or cancel the run first.' },
  AUTOMATION_V2_TASK_NODE_REQUIRED: { kind: 'invalid', title: 'This needs a node', remedy: 'Name the node in the path.' },
  AUTOMATION_V2_TASK_REASON_REQUIRED: { kind: 'invalid', title: 'Who does this node again has to say why', remedy: 'Give a reason; the retry policy of the node asks for one.' },
  AUTOMATION_V2_TASK_NODE_NOT_FOUND: { kind: 'not_found', title: 'The definition has no such node', remedy: 'Read the run for its nodes.' },
  AUTOMATION_V2_TASK_NOT_BLOCKED: { kind: 'conflict', title: 'The node is not blocked', remedy: 'Retry the node to do it again with all that depends on it.' },
  AUTOMATION_V2_TASK_NODE_OUTPUT_NOT_FOUND: { kind: 'not_found', title: 'The node has no output', remedy: 'Wait until the node has ended.' },
  AUTOMATION_V2_TASK_DISPOSITION_INVALID: { kind: 'invalid', title: 'This is no disposition', remedy: 'Use "accepted", "needs_followup", "rejected" or "ignored".' },
  AUTOMATION_V2_TASK_EFFECT_NOT_UNKNOWN: { kind: 'conflict', title: 'No such effect of the node waits to be reconciled', remedy: 'Read the run: `blocked_node_ids` lists the nodes whose effect is not known.' },
  RECEIPTS_NOT_CONFIGURED: { kind: 'unavailable', title: 'This installation signs no receipts', remedy: 'Ask its operator to set COUNTERSIGN_RECEIPT_KEYS_FILE.' },
  stateful_run_not_found: { kind: 'not_found', title: 'There is no such run', remedy: 'GET /stateful-runtime/runs lists yours.' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorCatalogue, code);
