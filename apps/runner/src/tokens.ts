export const RUN_EXECUTOR = Symbol('RUN_EXECUTOR');
export const AUTOMATION_OPTIONS = Symbol('AUTOMATION_OPTIONS');
export const RUN_SIGNALS = Symbol('RUN_SIGNALS');
export const WAKE_OPTIONS = Symbol('WAKE_OPTIONS');
export const WEBHOOK_OPTIONS = Symbol('WEBHOOK_OPTIONS');
export const DEFINITIONS = Symbol('DEFINITIONS');
export const HANDOFF_OPTIONS = Symbol('HANDOFF_OPTIONS');
export const OPERATOR_OPTIONS = Symbol('OPERATOR_OPTIONS');
