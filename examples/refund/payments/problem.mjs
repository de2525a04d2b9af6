// @ts-check
import { STATUS_CODES } from 'node:http';

/**
 * @typedef {{ pointer: string, detail: string }} FieldError where (a JSON pointer into the body) and what was expected there
 * @typedef {{ status: number, body: unknown, headers?: Record<string, string> }} Answer
 */

/** A refusal that the caller can act on; becomes `application/problem+json` (RFC 9457). */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} code stable; the detail may be reworded
   * @param {{ detail: string, errors?: readonly FieldError[], headers?: Record<string, string> }} more
   */
  constructor(status, code, more) {
    super(more.detail);
    this.status = status;
    this.code = code;
    this.errors = more.errors;
    this.headers = more.headers;
  }

  /** @returns {Answer} */
  toAnswer() {
    return {
      status: this.status,
      headers: { 'content-type': 'application/problem+json', ...this.headers },
      body: {
        type: 'about:blank', title: STATUS_CODES[this.status] ?? 'Error', status: this.status,
        code: this.code, detail: this.message, ...(this.errors ? { errors: this.errors } : {}),
      },
    };
  }
}
