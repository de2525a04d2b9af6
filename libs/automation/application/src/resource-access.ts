import { isOwnerOrAdmin, isVisible } from '@cs/automation-domain';
import { resourceAccessSchema, type AutomationDefinition, type CallContext, type ResourceAccess } from '@cs/contracts';
import { accepted, refused, type Result } from '@cs/kernel';

/** Nobody: what cannot be read as an access gives none but to administrators. */
const unreadable: ResourceAccess = { owner_principal: { kind: 'human_user', id: '\0' }, visibility: 'private', audience_principals: [] };

/** Who an automation belongs to; `undefined` when that was never recorded. */
export const accessOf = ({ metadata }: AutomationDefinition): ResourceAccess | undefined => {
  const stored = metadata?.['resource_access'];
  if (stored === undefined) return undefined;
  const parsed = resourceAccessSchema.safeParse(stored);
  return parsed.success ? parsed.data : unreadable;
};

const notThere = (automationID: string): Result<never> => refused('AUTOMATION_V2_NOT_FOUND', `there is no automation "${automationID}"`, { automationID });

/** Owner and administrators may; who sees it is told so, and for all others it is not there (domain 1.5). */
export const mayChange = (definition: AutomationDefinition, { verified }: CallContext): Result<AutomationDefinition> => {
  const access = accessOf(definition);
  if (isOwnerOrAdmin(access, verified)) return accepted(definition);
  const automationID = definition.automation_id;
  return isVisible(access, verified)
    ? refused('AUTOMATION_V2_ACCESS_DENIED', `only the owner of "${automationID}" or an administrator may do this`, { automationID })
    : notThere(automationID);
};

/** For whom it is not visible it is not there. */
export const maySee = (definition: AutomationDefinition, { verified }: CallContext): Result<AutomationDefinition> =>
  isVisible(accessOf(definition), verified) ? accepted(definition) : notThere(definition.automation_id);
