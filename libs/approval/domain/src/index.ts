export { canonicalIdentity, isConsequential, isSelfApproval } from './identity.js';
