// @ts-check
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';

/**
 * What makes a retry recognisable. It is written in the same line as the payment it belongs to,
 * so no crash can keep one and lose the other.
 * @typedef {{ key: string, digest: string }} Idempotency
 * @typedef {{ kind: 'refund', refund_id: string, order_id: string, amount: number, currency: string, created_at: string, idempotency?: Idempotency }} Refund
 * @typedef {{ kind: 'notification', notification_id: string, to: string, message: string, created_at: string, idempotency?: Idempotency }} Notification
 * @typedef {Refund | Notification} Entry
 * @typedef {{ entry: Entry, resolve: () => void, reject: (error: Error) => void }} Waiting
 */

const NEWLINE = 0x0a;

/** @param {number} amount in the currency's major unit */
const toCents = (amount) => Math.round(amount * 100);

/** @param {readonly Refund[]} refunds */
export const totalOf = (refunds) => refunds.reduce((cents, refund) => cents + toCents(refund.amount), 0) / 100;

/** The service's memory: one JSON line per entry, appended and synced before anyone is answered. */
export class Ledger {
  /** @type {import('node:fs/promises').FileHandle} */
  #file;
  /** @type {Refund[]} */
  #refunds = [];
  /** @type {Map<string, Refund[]>} */
  #byOrder = new Map();
  /** @type {Notification[]} */
  #notifications = [];
  /** @type {Map<string, Entry>} */
  #byKey = new Map();
  /** @type {Waiting[]} */
  #waiting = [];
  /** @type {Promise<void> | undefined} */
  #writing;
  /** @type {Error | undefined} */
  #failure;

  /** @param {import('node:fs/promises').FileHandle} file */
  constructor(file) {
    this.#file = file;
  }

  /**
   * Opens the ledger, creating the file and its folder when absent, and reads back what it holds.
   * An incomplete last line is cut off: it belongs to an append that was never answered.
   * @param {string} file
   */
  static async open(file) {
    const ledger = new Ledger(await openFile(file));
    try {
      await ledger.#reload(file);
      return ledger;
    } catch (error) {
      await ledger.#file.close();
      throw error;
    }
  }

  /**
   * Resolves once the entry is on disk. Appends that arrive while the disk is busy share the next sync.
   * @param {Entry} entry
   * @returns {Promise<void>}
   */
  append(entry) {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  /** @param {string} [orderId] only this order's */
  refunds(orderId) {
    return orderId === undefined ? this.#refunds : (this.#byOrder.get(orderId) ?? []);
  }

  notifications() {
    return this.#notifications;
  }

  /**
   * @param {Entry['kind']} kind
   * @param {string} key
   */
  findByKey(kind, key) {
    return this.#byKey.get(`${kind}:${key}`);
  }

  /** Set once a write has failed: nothing can be appended until the service is started again. */
  get failure() {
    return this.#failure;
  }

  async close() {
    await this.#writing;
    await this.#file.close();
  }

  async #write() {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#file.appendFile(batch.map(({ entry }) => `${JSON.stringify(entry)}\n`).join(''));
        await this.#file.sync();
      } catch (cause) {
        this.#giveUp(batch, cause);
        return;
      }
      for (const { entry, resolve } of batch) {
        this.#remember(entry);
        resolve();
      }
    }
    this.#writing = undefined;
  }

  /**
   * After a failed sync nobody knows which bytes reached the disk, and a second sync may succeed
   * without having written them; only reading the file again tells. So there is no retry here.
   * @param {readonly Waiting[]} batch
   * @param {unknown} cause
   */
  #giveUp(batch, cause) {
    const failure = new Error('the ledger could not be written; start the service again to read back what it holds', { cause });
    this.#failure = failure;
    for (const { reject } of [...batch, ...this.#waiting]) reject(failure);
    this.#waiting = [];
  }

  /** @param {Entry} entry */
  #remember(entry) {
    if (entry.kind === 'refund') {
      this.#refunds.push(entry);
      const ofOrder = this.#byOrder.get(entry.order_id);
      if (ofOrder) ofOrder.push(entry);
      else this.#byOrder.set(entry.order_id, [entry]);
    } else this.#notifications.push(entry);
    if (entry.idempotency) this.#byKey.set(`${entry.kind}:${entry.idempotency.key}`, entry);
  }

  /** @param {string} file */
  async #reload(file) {
    const bytes = await this.#file.readFile();
    const complete = bytes.lastIndexOf(NEWLINE) + 1;
    if (complete < bytes.length) {
      console.error(`${file} ended in an incomplete line; its ${bytes.length - complete} bytes are cut off.`);
      await this.#file.truncate(complete);
    }
    // What a killed process wrote may not have reached the disk yet, and from now on it counts.
    await this.#file.sync();
    const lines = bytes.subarray(0, complete).toString('utf8').split('\n').slice(0, -1);
    lines.forEach((line, index) => this.#remember(parseLine(line, `${file}:${index + 1}`)));
  }
}

/** @param {string} file */
const openFile = async (file) => {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    return await open(file, 'a+');
  } catch (cause) {
    throw new Error(`LEDGER ${file} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
};

/**
 * @param {string} line
 * @param {string} where
 * @returns {Entry}
 */
const parseLine = (line, where) => {
  try {
    const entry = JSON.parse(line);
    if (entry?.kind === 'refund' || entry?.kind === 'notification') return entry;
  } catch (cause) {
    throw new Error(`LEDGER is damaged at ${where}: the line is not JSON. Repair it, or point LEDGER at another file.`, { cause });
  }
  throw new Error(`LEDGER is damaged at ${where}: expected an entry of kind refund or notification. Repair it, or point LEDGER at another file.`);
};
