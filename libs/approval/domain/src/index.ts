export { appliesTo, evaluateAccess, type AccessDecision, type AccessQuestion, type AccessReason } from './access-evaluation.js';
export { approverKeysOf, deciderKeysOf, neededAuthority, openApproverKeys, type NeededAuthority } from './approval-keys.js';
export { receiptClaims } from './decision-receipt.js';
export { authorityRefusal, isNamedApprover, type AuthorityRefusal, type Decider } from './gate-authority.js';
export { canonicalIdentity, isSameIdentity } from './identity.js';
export { isConsequential, isElevatedClass, isElevatedTier, needsApproval, requiresAuthority, reviewerPolicy, type ReviewerEligibility, type ReviewerPolicy } from './reviewer-policy.js';
