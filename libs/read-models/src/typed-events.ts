import type { AuditAccessEvent, AuditKeyEvent, AutomationEvent, ChannelAudienceEvent, ChannelCallbackEvent, ChannelEvent, ChannelInteractionEvent, ChannelThreadEvent, DeadLetterEvent, DefinitionEvent, DelegationEvent, DeliveryEvent, EffectPolicyEvent, GateRefusalEvent, GovernanceApprovalEvent, GovernanceLimitsEvent, GovernanceRefusalEvent, GovernedAgentEvent, HandoffEvent, ImportedRunEvent, RunEvent, ScheduleEvent, WatchEvent, WebhookDeliveryEvent, WebhookTokenEvent, WebhookTriggerEvent } from '@cs/contracts';
import type { Recorded, StoredCommit } from '@cs/eventing';

interface EventsByAggregate {
  readonly automation: AutomationEvent;
  readonly definition: DefinitionEvent;
  readonly run: RunEvent;
  readonly gate_refusal: GateRefusalEvent;
  readonly delegation: DelegationEvent;
  readonly governance_limits: GovernanceLimitsEvent;
  readonly governed_agent: GovernedAgentEvent;
  readonly governance_approval: GovernanceApprovalEvent;
  readonly governance_refusal: GovernanceRefusalEvent;
  readonly channel: ChannelEvent;
  readonly channel_callback: ChannelCallbackEvent;
  readonly channel_audience: ChannelAudienceEvent;
  readonly channel_thread: ChannelThreadEvent;
  readonly channel_interaction: ChannelInteractionEvent;
  readonly delivery: DeliveryEvent;
  readonly dead_letter: DeadLetterEvent;
  readonly schedule: ScheduleEvent;
  readonly handoff: HandoffEvent;
  readonly watch: WatchEvent;
  readonly webhook_trigger: WebhookTriggerEvent;
  readonly webhook_token: WebhookTokenEvent;
  readonly webhook_delivery: WebhookDeliveryEvent;
  readonly effect_policy: EffectPolicyEvent;
  readonly imported_run: ImportedRunEvent;
  readonly audit_key: AuditKeyEvent;
  readonly audit_access: AuditAccessEvent;
}

/** An aggregate's event as recorded, with its identity. */
export type RecordedIn<Name extends keyof EventsByAggregate> = Recorded<EventsByAggregate[Name]> & {
  readonly event_id: string;
  readonly causation_id?: string;
  readonly correlation_id?: string;
};

/** The events of a commit, typed by its aggregate: `decodeCommit` checked each against the catalogue. */
export const eventsOf = <Name extends keyof EventsByAggregate>(_aggregate: Name, { commit }: StoredCommit): readonly RecordedIn<Name>[] =>
  commit.events as unknown as readonly RecordedIn<Name>[];
