/** Injection tokens of what the controllers read. */
export const PROJECTION_QUERIES = Symbol('PROJECTION_QUERIES');
export const SERVICE_QUERIES = Symbol('SERVICE_QUERIES');
export const AUDIT_QUERIES = Symbol('AUDIT_QUERIES');
export const AUDIT_READS = Symbol('AUDIT_READS');
export const EXPORT_SOURCES = Symbol('EXPORT_SOURCES');
export const VERIFICATION_SOURCES = Symbol('VERIFICATION_SOURCES');
export const WEBHOOK_QUERIES = Symbol('WEBHOOK_QUERIES');
export const GOVERNANCE_QUERIES = Symbol('GOVERNANCE_QUERIES');
export const READS = Symbol('READS');
export const DELEGATION_QUERIES = Symbol('DELEGATION_QUERIES');
export const CLOCK = Symbol('CLOCK');
export const HANDOFF_QUERIES = Symbol('HANDOFF_QUERIES');
export const HUMAN_REQUEST_QUERIES = Symbol('HUMAN_REQUEST_QUERIES');
export const WAIT_QUERIES = Symbol('WAIT_QUERIES');
export const SWEEP_QUERIES = Symbol('SWEEP_QUERIES');
export const INBOX_QUERIES = Symbol('INBOX_QUERIES');
