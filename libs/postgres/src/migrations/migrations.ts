import { CreateProjections1767225600000 } from './create-projections.js';

/**
 * Every migration, oldest first. A released one never changes; each expands what the release before
 * it can still use, and a later one contracts.
 */
export const migrations = [CreateProjections1767225600000];
