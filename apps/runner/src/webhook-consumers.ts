import { findEarlyDelivery, routeDelivery, settleDelivery, type RouteOptions } from '@cs/automation-application';
import { eventSubjects, openWaitSchema, runIdSchema, statusSubjects, streams } from '@cs/contracts';
import { giveUp, type ConsumerOutcome } from '@cs/eventing';
import type { ConsumerDefinition, ConsumerMessage } from '@cs/jetstream';
import { z } from 'zod';
import { handleCommit } from './read-commit.js';

/** The published event that says that a wait opened. */
const openedSchema = z.object({ org_id: z.string(), workspace_id: z.string(), aggregate_id: runIdSchema, position: z.int().nonnegative(), data: z.object({ wait: openWaitSchema }) });

const lookBack = async (message: ConsumerMessage, options: RouteOptions): Promise<ConsumerOutcome> => {
  const opened = openedSchema.safeParse(JSON.parse(message.text()));
  if (!opened.success) return giveUp(`"${message.subject}" opens no wait`);
  const { org_id, workspace_id, aggregate_id, position, data: { wait } } = opened.data;
  return await findEarlyDelivery(options, { org_id, workspace_id, run_id: aggregate_id, wait, position });
};

/** Long outages of the projections are waited for. */
const settings = { ackWaitMs: 15_000, maxInFlight: 64, maxDeliver: 2000 };

/** What brings webhooks to waits and runs: each step ends in a commit whose token feeds the next. */
export const webhookConsumers = (options: RouteOptions): readonly ConsumerDefinition[] => [
  {
    ...settings, durable: 'runner--webhook-routing', stream: streams.log.name, filters: [statusSubjects('webhook_delivery', 'accepted')],
    handle: (message) => handleCommit(message, options.eventing.store, ({ ref, position }) => routeDelivery(options, ref, position)),
  },
  {
    ...settings, durable: 'runner--webhook-receivers', stream: streams.log.name, filters: [statusSubjects('webhook_delivery', 'consumed')],
    handle: (message) => handleCommit(message, options.eventing.store, ({ ref }) => settleDelivery(options, ref)),
  },
  {
    // A published event can be queried already: the wait, and every delivery before it.
    ...settings, durable: 'runner--webhook-waits', stream: streams.events.name, filters: [eventSubjects('run', 'wait_node_registered')],
    handle: (message) => lookBack(message, options),
  },
];
