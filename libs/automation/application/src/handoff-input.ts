import type { HandoffArtifact } from '@cs/contracts';
import type { JsonObject } from '@cs/kernel';

/** Input of the run that a handoff starts: the steps read it as `input.handoff`. */
export const handoffInput = (handoff: HandoffArtifact): JsonObject => ({ handoff: { ...handoff } });
