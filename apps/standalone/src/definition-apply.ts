import { automationDefinitionSchema, type AutomationDefinition, type AutomationRecord } from '@cs/contracts';
import type { Json } from '@cs/kernel';
import { ApiProblem, type ApiClient } from './api-client.js';
import { placed, problemsIn, type CheckedFile, type FileProblem } from './definition-check.js';

export type Applied =
  | { readonly kind: 'created' | 'updated' | 'unchanged'; readonly file: string; readonly automation: AutomationRecord }
  | { readonly kind: 'refused'; readonly file: string; readonly problems: readonly FileProblem[] };

/** Who may see an automation is decided by sharing it, unless its file says so. */
const metadataOf = ({ metadata }: AutomationDefinition, stored: AutomationRecord): Json => {
  const resource_access = metadata?.['resource_access'] ?? stored.metadata?.['resource_access'];
  return resource_access === undefined ? (metadata ?? null) : { ...metadata, resource_access };
};

/**
 * What makes the stored automation what its file says: every member of the file, and null for those that it
 * does not have. A status that the file does not name is left to the people who pause and resume.
 */
const patchOf = (definition: AutomationDefinition, raw: Json, stored: AutomationRecord): Json => {
  const absent = Object.keys(automationDefinitionSchema.shape).filter((member) => Object.hasOwn(stored, member) && !Object.hasOwn(definition, member));
  const { status, ...members } = definition;
  const named = typeof raw === 'object' && raw !== null && Object.hasOwn(raw, 'status') ? { status } : {};
  const hasMetadata = definition.metadata !== undefined || stored.metadata !== undefined;
  return {
    ...Object.fromEntries(absent.map((member) => [member, null])), ...(members as unknown as Record<string, Json>), ...named,
    ...(hasMetadata ? { metadata: metadataOf(definition, stored) } : {}),
  };
};

const isGone = (error: unknown): boolean => error instanceof ApiProblem && error.code === 'AUTOMATION_V2_NOT_FOUND';

/** `undefined` when it was deleted, which reads may show a moment late. */
const patch = async (api: ApiClient, { definition, source }: CheckedFile, before: AutomationRecord): Promise<AutomationRecord | undefined> => {
  try {
    return await api.patchAutomation(definition.automation_id, patchOf(definition, source.value, before));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
};

const applyOne = async (api: ApiClient, checked: CheckedFile): Promise<Applied> => {
  const { file, definition } = checked;
  const before = await api.automation(definition.automation_id);
  const automation = before && (await patch(api, checked, before));
  if (automation === undefined) return { kind: 'created', file, automation: await api.createAutomation(definition as unknown as Json) };
  return { kind: automation.definition_hash === before?.definition_hash ? 'unchanged' : 'updated', file, automation };
};

/** Stores one definition; what the service refuses has its place in the file. Throws when there is no answer. */
export const applyDefinition = async (api: ApiClient, checked: CheckedFile): Promise<Applied> => {
  try {
    return await applyOne(api, checked);
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error;
    const { code, message, problems } = error;
    return { kind: 'refused', file: checked.file, problems: placed(checked, problemsIn({ code, message, problems })) };
  }
};
