import { automationDefinitionSchema } from '@cs/contracts';
import { z } from 'zod';
import { automationResource, runCommandAnswer } from './resources.schema.js';

export { runCommandAnswer } from './resources.schema.js';

const nodeIds = z.array(z.string()).readonly();
const reset = { node_id: z.string(), reset_nodes: nodeIds.describe('Sorted'), cleared_outputs: nodeIds.describe('Those of them that had an output') };

export const automationCommandAnswer = z.object({ ok: z.literal(true), automation: automationResource });
export const automationDeletedAnswer = z.object({ ok: z.literal(true), deleted: z.literal(true), automationID: z.string() });
export const runCancelAnswer = runCommandAnswer.extend({ alreadyTerminal: z.literal(true).optional() });
export const taskCommandAnswer = runCommandAnswer.extend(reset);
export const repairAnswer = taskCommandAnswer.extend({ automation: automationDefinitionSchema });
export const taskDispositionAnswer = runCommandAnswer.extend({ changed: z.boolean() });
export const resetPreviewAnswer = z.object({
  run_id: z.string(), ...reset, unknown_effects: nodeIds.describe('Those of them whose last effect may have happened; they would send a new one'), preserves_upstream_outputs: z.literal(true),
});
