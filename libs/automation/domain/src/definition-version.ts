import type { AutomationDefinition } from '@cs/contracts';
import { isJsonObject, type Json } from '@cs/kernel';

/** Members of `metadata` that name a version, the first that is there wins (domain 2.9). */
const versionKeys = ['definition_version', 'workflow_definition_version', 'automation_definition_version', 'automation_version', 'source_pack_version'];
/** Members of `metadata` that tell which plan the definition came from. */
const planKeys = ['plan_package', 'approved_plan_materialization', 'approved_plan'];

const textOf = (value: Json | undefined): string => {
  if (typeof value === 'string') return value.trim();
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
};

const planVersion = (plan: Json | undefined): string => {
  if (!isJsonObject(plan)) return '';
  const [id, revision] = [textOf(plan['plan_id']), textOf(plan['plan_revision'])];
  return id === '' || revision === '' ? '' : `plan:${id}:rev:${revision}`;
};

const digitsShown = 16;

/** The version of a definition: as its author names it, else by its plan, else by its hash (domain 2.9). */
export const definitionVersion = ({ automation_id, metadata = {} }: AutomationDefinition, hash: string): string => {
  const named = [...versionKeys.map((key) => textOf(metadata[key])), ...planKeys.map((key) => planVersion(metadata[key]))].find((version) => version !== '');
  return named ?? `automation:${automation_id}@${hash.slice('sha256:'.length, 'sha256:'.length + digitsShown)}`;
};
