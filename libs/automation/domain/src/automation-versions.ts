import type { AutomationVersion } from '@cs/contracts';

/** Definitions that an automation remembers by version; older ones stay in the log and in the projections. */
export const maxVersions = 100;

/** The versions with one more, newest last. One that comes back (the same hash under the same name) is the newest again. */
export const withVersion = (versions: readonly AutomationVersion[], added: AutomationVersion): readonly AutomationVersion[] =>
  [...versions.filter(({ version, hash }) => version !== added.version || hash !== added.hash), added].slice(-maxVersions);

/** The definition that a version names now: authors may use a name twice, then the newest counts. */
export const findVersion = (versions: readonly AutomationVersion[], wanted: string): AutomationVersion | undefined =>
  versions.findLast(({ version }) => version === wanted);
