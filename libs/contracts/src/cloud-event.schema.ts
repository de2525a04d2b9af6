import type { GovernanceActor } from './tenant.schema.js';
import type { Json } from '@cs/kernel';

/**
 * Headers of a message of CS_EVENTS: a CloudEvent 1.0 in NATS binary mode (CloudEvents NATS binding, 3.1).
 * `ce-position` and `ce-index` place the event in the log: commit and index within it.
 */
export const cloudEventHeaders = {
  specVersion: 'ce-specversion',
  id: 'ce-id',
  source: 'ce-source',
  type: 'ce-type',
  subject: 'ce-subject',
  time: 'ce-time',
  contentType: 'content-type',
  traceParent: 'traceparent',
  position: 'ce-position',
  index: 'ce-index',
} as const;

export const cloudEventTypePrefix = 'stateful_runtime.automation_v2.';

/** Body of a published event. `seq` counts the events of one aggregate from 1. */
export interface PublishedEvent {
  readonly event_id: string;
  readonly event_type: string;
  readonly aggregate: string;
  readonly aggregate_id: string;
  readonly org_id: string;
  readonly workspace_id: string;
  readonly seq: number;
  readonly position: number;
  /** Status of the aggregate after the commit. */
  readonly status: string;
  readonly occurred_at_ms: number;
  readonly actor?: GovernanceActor;
  readonly data: Json;
}
