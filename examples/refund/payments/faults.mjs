// @ts-check
import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from './problem.mjs';

/**
 * @typedef {import('./bodies.mjs').Operation} Operation
 * @typedef {import('./bodies.mjs').FaultRequest} FaultRequest
 * @typedef {import('./problem.mjs').Answer} Answer
 * @typedef {{ operation: Operation, mode: import('./bodies.mjs').Mode, status: number, times: number, delay_ms: number }} Fault `times`: calls it still applies to
 */

const MAX_FAULTS = 100;

/** Trouble on command: what a network and a busy provider do to a caller, at a moment the caller chooses. */
export class Faults {
  /** @type {Fault[]} */
  #faults = [];
  /** @type {Set<import('node:net').Socket>} */
  #hanging = new Set();
  #stopping = new AbortController();

  /**
   * Faults of one operation apply in the order they were given, each for `times` calls.
   * @param {FaultRequest} request
   */
  add(request) {
    if (this.#faults.length >= MAX_FAULTS) {
      throw new Problem(409, 'too_many_faults', { detail: `There are already ${MAX_FAULTS} faults. DELETE /faults clears them.` });
    }
    const fault = { status: request.mode === 'fail_after' ? 500 : 503, times: 1, delay_ms: 1000, ...request };
    this.#faults.push(fault);
    return fault;
  }

  list() {
    return { faults: this.#faults, count: this.#faults.length, hanging: this.#hanging.size };
  }

  /** Forgets every fault and drops the connections that hang. */
  clear() {
    this.#faults = [];
    for (const socket of this.#hanging) socket.destroy();
  }

  /** As `clear`, and slow calls that have not done anything yet never will. */
  stop() {
    this.clear();
    this.#stopping.abort();
  }

  /**
   * Runs an operation under the fault that is due for it, if any.
   * Answers nothing when the caller is to be left without an answer.
   * @param {{ operation: Operation, socket: import('node:net').Socket }} call
   * @param {() => Promise<Answer>} effect
   * @returns {Promise<Answer | undefined>}
   */
  async around({ operation, socket }, effect) {
    const fault = this.#take(operation);
    switch (fault?.mode) {
      case 'fail_before':
        return injected(fault);
      case 'hang_before':
        return this.#hang(socket);
      case 'slow':
        // A caller that gives up does not stop the payment it asked for; only shutting down does.
        return (await this.#pause(fault.delay_ms)) ? effect() : this.#drop(socket);
      case 'fail_after':
        await effect();
        return injected(fault);
      case 'hang_after':
        await effect();
        return this.#hang(socket);
      default:
        return effect();
    }
  }

  /** @param {Operation} operation */
  #take(operation) {
    const fault = this.#faults.find((candidate) => candidate.operation === operation);
    if (!fault) return undefined;
    const taken = { ...fault };
    fault.times -= 1;
    if (fault.times === 0) this.#faults = this.#faults.filter((candidate) => candidate !== fault);
    return taken;
  }

  /**
   * Lasts as long as the connection does.
   * @param {import('node:net').Socket} socket
   * @returns {Promise<undefined>}
   */
  #hang(socket) {
    return new Promise((resolve) => {
      if (socket.destroyed) return resolve(undefined);
      this.#hanging.add(socket);
      socket.once('close', () => {
        this.#hanging.delete(socket);
        resolve(undefined);
      });
    });
  }

  /**
   * @param {number} milliseconds
   * @returns {Promise<boolean>} false when the service stopped first
   */
  #pause(milliseconds) {
    return delay(milliseconds, true, { signal: this.#stopping.signal }).catch(() => false);
  }

  /**
   * @param {import('node:net').Socket} socket
   * @returns {undefined}
   */
  #drop(socket) {
    socket.destroy();
    return undefined;
  }
}

/** @param {Fault} fault */
const injected = (fault) =>
  new Problem(fault.status, 'fault_injected', { detail: `POST /faults asked for ${fault.mode} on ${fault.operation}.` }).toAnswer();
