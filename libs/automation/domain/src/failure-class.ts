/** Lower-case with `_` where `-` or a space was: how classes of failures are compared (domain 2.7). */
export const normaliseClass = (name: string): string => name.trim().toLowerCase().replace(/[- ]/g, '_');

/** The class of the domain that each kind of failure of our steps belongs to. */
const classes: ReadonlyMap<string, string> = new Map([
  ['connection_failed', 'provider_transient'],
  ['timeout', 'provider_transient'],
  ['unexpected_status', 'provider_transient'],
  ['interrupted', 'provider_transient'],
  ['request_invalid', 'missing_config'],
  ['egress_denied', 'missing_config'],
  ['unsupported_step', 'tool_resolution'],
  ['response_malformed', 'contract_miss'],
  ['response_too_large', 'contract_miss'],
  ['output_too_large', 'artifact_contract_unmet'],
  ['output_schema_invalid', 'validation_error'],
  ['expression_failed', 'execution_error'],
]);

/** A kind that is a class itself, or that no step of this release reports, is its own class. */
export const failureClass = (kind: string): string => classes.get(normaliseClass(kind)) ?? normaliseClass(kind);

/** The peer could not be reached, gave up in the middle, or said that it is busy. */
export const isTransient = (kind: string): boolean => failureClass(kind) === 'provider_transient';
