/** Injection tokens of what every service has. */
export const LOGGER = Symbol('LOGGER');
export const RPC_CLIENT = Symbol('RPC_CLIENT');
export const HEALTH = Symbol('HEALTH');
export const TRACING = Symbol('TRACING');
export const METRICS = Symbol('METRICS');
