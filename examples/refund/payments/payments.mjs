// @ts-check
import { randomUUID } from 'node:crypto';
import { parseNotification, parseRefund } from './bodies.mjs';
import { CallsInFlight, readIdempotency, requireSameBody } from './idempotency.mjs';
import { totalOf } from './ledger.mjs';
import { findOrder } from './orders.mjs';
import { Problem } from './problem.mjs';

/**
 * @typedef {import('./ledger.mjs').Entry} Entry
 * @typedef {import('./problem.mjs').Answer} Answer
 * @typedef {{ body: unknown, key: string | string[] | undefined, socket: import('node:net').Socket }} Call
 */

/** What the service does, apart from how it is asked. */
export class Payments {
  #inFlight = new CallsInFlight();

  /**
   * @param {import('./ledger.mjs').Ledger} ledger
   * @param {import('./faults.mjs').Faults} faults
   */
  constructor(ledger, faults) {
    this.ledger = ledger;
    this.faults = faults;
  }

  /**
   * @param {string} orderId
   * @param {import('node:net').Socket} socket
   */
  lookUp(orderId, socket) {
    return this.faults.around({ operation: 'lookup', socket }, async () => {
      const order = requireOrder(orderId);
      const refunded = totalOf(this.ledger.refunds(orderId));
      const status = refunded === 0 ? 'paid' : refunded < order.amount ? 'partly_refunded' : 'refunded';
      return { status: 200, body: { ...order, status } };
    });
  }

  /**
   * Pays whatever it is asked for, as often as it is asked: only the Idempotency-Key tells a retry from a second refund.
   * @param {Call} call
   */
  refund(call) {
    const { order_id, amount, currency } = parseRefund(call.body);
    const order = requireOrder(order_id);
    if (currency !== undefined && currency !== order.currency) {
      const detail = `expected ${order.currency}, the currency of ${order_id}`;
      throw new Problem(400, 'body_invalid', { detail: `/currency ${detail}`, errors: [{ pointer: '/currency', detail }] });
    }
    const request = { order_id, amount, currency: order.currency };
    return this.#once({ ...call, kind: 'refund', request }, () =>
      ({ kind: 'refund', refund_id: `refund-${randomUUID()}`, ...request, created_at: new Date().toISOString() }));
  }

  /** @param {Call} call */
  notify(call) {
    const { to, message } = parseNotification(call.body);
    const request = { to, message };
    return this.#once({ ...call, kind: 'notification', request }, () =>
      ({ kind: 'notification', notification_id: `notification-${randomUUID()}`, ...request, created_at: new Date().toISOString() }));
  }

  /**
   * Writes the entry and answers with it; with a key that has been used, answers with the first entry instead.
   * @param {Call & { kind: Entry['kind'], request: unknown }} call
   * @param {() => Entry} makeEntry
   */
  async #once({ kind, request, key, socket }, makeEntry) {
    const idempotency = readIdempotency(key, request);
    const around = { operation: kind, socket };
    const pay = async () => {
      const entry = { ...makeEntry(), ...(idempotency ? { idempotency } : {}) };
      await this.ledger.append(entry);
      return answerWith(entry);
    };
    if (!idempotency) return this.faults.around(around, pay);

    const first = this.ledger.findByKey(kind, idempotency.key);
    if (first) {
      requireSameBody(first.idempotency?.digest ?? '', idempotency.digest);
      return this.faults.around(around, async () => ({ ...answerWith(first), headers: { 'idempotency-replayed': 'true' } }));
    }
    const release = this.#inFlight.claim(kind, idempotency);
    try {
      return await this.faults.around(around, pay);
    } finally {
      release();
    }
  }
}

/** @param {string} orderId */
const requireOrder = (orderId) => {
  const order = findOrder(orderId);
  if (!order) throw new Problem(404, 'order_not_found', { detail: `There is no order ${orderId}. Orders are named order-<number>, such as order-1001.` });
  return order;
};

/**
 * @param {Entry} entry
 * @returns {Answer}
 */
const answerWith = ({ kind, idempotency: _idempotency, ...body }) => ({ status: kind === 'refund' ? 201 : 202, body });
