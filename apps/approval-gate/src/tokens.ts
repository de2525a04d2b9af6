export const DECIDE_OPTIONS = Symbol('DECIDE_OPTIONS');
