// @ts-check
import { Problem } from './problem.mjs';

/**
 * A check answers what was expected when the value is wrong, nothing when it is right.
 * @typedef {(value: unknown) => string | undefined} Check
 * @typedef {{ order_id: string, amount: number, currency?: string }} RefundRequest
 * @typedef {{ to: string, message: string }} NotificationRequest
 * @typedef {'refund' | 'lookup' | 'notification'} Operation
 * @typedef {'fail_before' | 'fail_after' | 'hang_before' | 'hang_after' | 'slow'} Mode
 * @typedef {{ operation: Operation, mode: Mode, status?: number, times?: number, delay_ms?: number }} FaultRequest
 */

/** @type {(maxLength: number) => Check} */
const text = (maxLength) => (value) =>
  typeof value === 'string' && value.trim() !== '' && value.length <= maxLength ? undefined : `a text of 1 to ${maxLength} characters`;

/** @type {(pattern: RegExp, example: string) => Check} */
const shaped = (pattern, example) => (value) =>
  typeof value === 'string' && pattern.test(value) ? undefined : `a text like ${example}`;

/** @type {(min: number, max: number) => Check} */
const integer = (min, max) => (value) =>
  Number.isInteger(value) && Number(value) >= min && Number(value) <= max ? undefined : `an integer from ${min} to ${max}`;

/** @type {(...values: string[]) => Check} */
const oneOf = (...values) => (value) =>
  typeof value === 'string' && values.includes(value) ? undefined : `one of ${values.join(', ')}`;

/** @type {Check} */
const money = (value) =>
  typeof value === 'number' && value > 0 && value <= 1_000_000 && Math.round(value * 100) / 100 === value
    ? undefined : 'a number above 0, at most 1000000, with at most two decimals';

/** @type {(check: Check) => Check} */
const optional = (check) => (value) => (value === undefined ? undefined : check(value));

/** @param {string} name */
const pointerTo = (name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/**
 * Collects everything that is wrong, not only the first.
 * @param {unknown} body
 * @param {Readonly<Record<string, Check>>} checks
 */
const verify = (body, checks) => {
  const expected = Object.keys(checks).join(', ');
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Problem(400, 'body_invalid', { detail: `The body must be a JSON object with ${expected}.`, errors: [{ pointer: '', detail: 'expected an object' }] });
  }
  const errors = Object.entries(checks).flatMap(([name, check]) => {
    const value = Reflect.get(body, name);
    const wanted = check(value);
    if (wanted === undefined) return [];
    return [{ pointer: pointerTo(name), detail: value === undefined ? `is missing; expected ${wanted}` : `expected ${wanted}` }];
  });
  const unknown = Object.keys(body).filter((name) => !Object.hasOwn(checks, name));
  errors.push(...unknown.map((name) => ({ pointer: pointerTo(name), detail: `is not a field of this request; expected only ${expected}` })));
  if (errors.length > 0) {
    throw new Problem(400, 'body_invalid', { detail: errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; '), errors });
  }
};

/**
 * @param {unknown} body
 * @returns {RefundRequest}
 */
export const parseRefund = (body) => {
  verify(body, { order_id: shaped(/^order-[0-9]{1,18}$/, 'order-1001'), amount: money, currency: optional(shaped(/^[A-Z]{3}$/, 'EUR')) });
  return /** @type {RefundRequest} */ (body);
};

/**
 * @param {unknown} body
 * @returns {NotificationRequest}
 */
export const parseNotification = (body) => {
  verify(body, { to: text(320), message: text(4000) });
  return /** @type {NotificationRequest} */ (body);
};

/**
 * @param {unknown} body
 * @returns {FaultRequest}
 */
export const parseFault = (body) => {
  verify(body, {
    operation: oneOf('refund', 'lookup', 'notification'),
    mode: oneOf('fail_before', 'fail_after', 'hang_before', 'hang_after', 'slow'),
    status: optional(integer(400, 599)),
    times: optional(integer(1, 1_000_000)),
    delay_ms: optional(integer(1, 600_000)),
  });
  return /** @type {FaultRequest} */ (body);
};
