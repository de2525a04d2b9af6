export const RECEIPT_OPTIONS = Symbol('RECEIPT_OPTIONS');
export const DECIDE_OPTIONS = Symbol('DECIDE_OPTIONS');
