import { z } from 'zod';
import { nodeFailureSchema } from '../run.schema.js';
import { guardrailLimitsSchema, usageDeltaSchema } from '../run-supervision.schema.js';
import { nodeIdSchema } from '../scalars.schema.js';
import { governanceActorSchema } from '../tenant.schema.js';

const nodeIds = z.array(nodeIdSchema).readonly();
const attempt = z.int().positive();

/** What watches over runs does to them (domain 3.6 to 3.8): limits, usage, runs that went quiet, restarts. */
export const supervisionRunEvents = {
  run_usage_recorded: {
    version: 1,
    data: usageDeltaSchema.extend({
      /** The report: the same one again adds nothing. */
      usage_id: z.string(),
      node_id: nodeIdSchema.optional(),
      /** Effect that the usage belongs to. */
      correlation_id: z.string().optional(),
      source: z.string().optional(),
    }),
    summary: 'Tokens, cost or calls were added to what the run has consumed.',
  },
  run_guardrail_override_approved: {
    version: 1,
    data: z.object({ limits: guardrailLimitsSchema, previous: guardrailLimitsSchema, reason: z.string(), approved_by: governanceActorSchema, command_id: z.string().optional() }),
    audit: 'automation.governance.run_guardrail_override_approved', summary: 'An operator raised limits of the run.',
  },
  run_auto_resumed: { version: 1, data: z.object({ reason: z.string(), cause: z.enum(['guardrail_override', 'stale_no_provider_activity']) }), summary: 'A run that supervision had paused goes on by itself.' },
  node_repair_requested: { version: 1, data: z.object({ node_ids: nodeIds, reason: z.string() }), summary: 'Failed nodes get one more attempt when the run goes on.' },
  node_schema_validation_paused: { version: 1, data: z.object({ node_id: nodeIdSchema, attempt, max_attempts: attempt, failure: nodeFailureSchema }), summary: 'An output does not fit its contract; the run is paused with attempts left.' },
  run_paused_stale_no_provider_activity: {
    version: 1, data: z.object({ reason: z.string(), idle_ms: z.int().nonnegative(), repairable_nodes: nodeIds, unknown_nodes: nodeIds }),
    summary: 'Nothing had happened in a running run for too long; it was paused.',
  },
  run_failed_stale_no_provider_activity: {
    version: 1, data: z.object({ detail: z.string(), idle_ms: z.int().nonnegative(), node_id: nodeIdSchema, attempt, failed_nodes: nodeIds }),
    summary: 'Nothing had happened in a running run for too long, and a node has no attempts left.',
  },
  run_pausing_settled_on_restart: { version: 1, data: z.object({ reason: z.string() }), summary: 'A run whose runner died while it was pausing is paused.' },
  run_interrupted_shutdown: { version: 1, data: z.object({ claim_id: z.string(), claimant_id: z.string(), nodes: nodeIds }), summary: 'Its runner stops and hands the run to another one.' },
  run_queue_message_renewed: { version: 1, data: z.object({ reason: z.string(), renewal: z.int().positive() }), activity: false, summary: 'A queued run whose message to the runners was lost is offered again.' },
} as const;
