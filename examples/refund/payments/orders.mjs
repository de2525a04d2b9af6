// @ts-check
import { createHash } from 'node:crypto';

/** @typedef {{ order_id: string, customer: string, amount: number, currency: string }} Order */

/** Every order is in one currency, so that the ledger's total is a sum and not a mixture. */
export const CURRENCY = 'EUR';

const customers = [
  'mina.okafor', 'jonas.lindqvist', 'priya.raman', 'tomas.herrera', 'aiko.tanaka',
  'leila.haddad', 'owen.gallagher', 'sofia.marchetti', 'daniel.kowalski', 'grace.mwangi',
];

const seeds = [129.9, 24.5, 349, 18.75, 72.4, 999.99, 5, 210.2, 64.95, 41.3];

/** @type {ReadonlyMap<string, Order>} */
const seeded = new Map(seeds.map((amount, index) => {
  const order_id = `order-${1001 + index}`;
  return [order_id, { order_id, customer: `${customers[index]}@example.com`, amount, currency: CURRENCY }];
}));

/** Any `order-<number>` exists, always with the same customer and amount (5.00 to 500.00), so that a load test has as many orders as it wants. */
const ORDER_ID = /^order-[0-9]{1,18}$/;

/**
 * @param {string} orderId
 * @returns {Order | undefined}
 */
export const findOrder = (orderId) => {
  const known = seeded.get(orderId);
  if (known || !ORDER_ID.test(orderId)) return known;
  const digest = createHash('sha256').update(orderId).digest();
  return {
    order_id: orderId,
    customer: `${customers[digest.readUInt16BE(0) % customers.length]}@example.com`,
    amount: (500 + (digest.readUInt32BE(2) % 49_501)) / 100,
    currency: CURRENCY,
  };
};
