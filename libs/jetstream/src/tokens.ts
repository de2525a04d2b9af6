/** Injection tokens of the log and what travels with it. */
export const NATS_CONNECTION = Symbol('NATS_CONNECTION');
export const EVENTING = Symbol('EVENTING');
export const LOG_READER = Symbol('LOG_READER');
export const EVENT_PUBLISHER = Symbol('EVENT_PUBLISHER');
export const PROJECTION_PROGRESS = Symbol('PROJECTION_PROGRESS');
export const CONSUMERS = Symbol('CONSUMERS');
