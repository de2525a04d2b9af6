import type { AnswerConversion, GovernanceActor, HumanRequest, HumanRequestStatus } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import type { TenantKey } from './tenant-key.js';

/** A question or an escalation of a run, from its asking to its end. */
export interface HumanRequestRow extends TenantKey {
  readonly request_id: string;
  readonly run_id: string;
  readonly automation_id: string;
  readonly node_id: string;
  readonly item: number | null;
  readonly kind: HumanRequest['kind'];
  readonly status: HumanRequestStatus;
  readonly agent: string | null;
  readonly request: HumanRequest;
  /** Keys of those who are asked by name, role or group: they see it, whatever they see of the automation. */
  readonly asked: readonly string[];
  readonly requested_by: GovernanceActor;
  readonly requested_at_ms: number;
  readonly expires_at_ms: number | null;
  /** Present once it is answered; null is an answer too. */
  readonly answer: { readonly value: Json } | null;
  readonly conversion: AnswerConversion | null;
  readonly answer_source: 'person' | 'default' | null;
  readonly responded_by: GovernanceActor | null;
  readonly ended_at_ms: number | null;
  readonly reason: string | null;
  readonly position: number;
}
