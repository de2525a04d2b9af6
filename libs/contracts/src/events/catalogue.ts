import { admissionEvents } from './admission.events.js';
import { auditAccessEvents, auditKeyEvents } from './audit.events.js';
import { automationEvents, definitionEvents } from './automation.events.js';
import { channelAudienceEvents, channelCallbackEvents, channelEvents, channelInteractionEvents, channelThreadEvents } from './channel.events.js';
import { deadLetterEvents } from './dead-letter.events.js';
import { delegationEvents } from './delegation.events.js';
import { deliveryEvents } from './delivery.events.js';
import { autonomyBudgetEvents, autonomyTransitionEvents } from './autonomy-budget.events.js';
import { effectPolicyEvents } from './effect-policy.events.js';
import type { EventTable } from './event-catalogue.js';
import { gateRefusalEvents } from './gate-refusal.events.js';
import { governanceApprovalEvents, governanceLimitsEvents, governanceRefusalEvents, governedAgentEvents } from './governance.events.js';
import { handoffEvents, watchEvents } from './handoff.events.js';
import { importedRunEvents } from './imported-run.events.js';
import { runEvents } from './run.events.js';
import { scheduleEvents } from './schedule.events.js';
import { webhookDeliveryEvents, webhookTokenEvents, webhookTriggerEvents } from './webhook.events.js';

/** Every event in the log, by aggregate. Validation, types, the published stream and the docs come from here. */
export const eventCatalogue = {
  automation: automationEvents,
  definition: definitionEvents,
  run: runEvents,
  gate_refusal: gateRefusalEvents,
  delegation: delegationEvents,
  governance_limits: governanceLimitsEvents,
  governed_agent: governedAgentEvents,
  governance_approval: governanceApprovalEvents,
  governance_refusal: governanceRefusalEvents,
  admission: admissionEvents,
  channel: channelEvents,
  channel_callback: channelCallbackEvents,
  channel_audience: channelAudienceEvents,
  channel_thread: channelThreadEvents,
  channel_interaction: channelInteractionEvents,
  delivery: deliveryEvents,
  dead_letter: deadLetterEvents,
  schedule: scheduleEvents,
  handoff: handoffEvents,
  watch: watchEvents,
  webhook_trigger: webhookTriggerEvents,
  webhook_token: webhookTokenEvents,
  webhook_delivery: webhookDeliveryEvents,
  effect_policy: effectPolicyEvents,
  autonomy_budget: autonomyBudgetEvents,
  autonomy_transition: autonomyTransitionEvents,
  imported_run: importedRunEvents,
  audit_key: auditKeyEvents,
  audit_access: auditAccessEvents,
} as const satisfies Record<string, EventTable>;

export type AggregateName = keyof typeof eventCatalogue;

export const isAggregateName = (name: string): name is AggregateName => Object.hasOwn(eventCatalogue, name);
