import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { jsonataWorkerSource } from './jsonata-worker-source.js';

export interface ExpressionLimits {
  /** Longest evaluation in milliseconds; one that takes longer has a second try. */
  readonly timeoutMs: number;
  /** Deepest nesting of evaluations. */
  readonly maxDepth: number;
  /** Longest sequence that an expression may make. */
  readonly maxSequence: number;
  /** Largest value that an expression may yield, in characters of JSON. */
  readonly maxResultLength: number;
  /** Expressions that are kept compiled. */
  readonly cacheSize: number;
}

interface Failure {
  readonly message: string;
  readonly position?: number;
  /** The time was used up; absent for every other reason. */
  readonly isTimeout?: boolean;
}

export type IsolatedAnswer = { readonly text?: string; readonly error?: undefined } | { readonly error: Failure };

interface Request {
  readonly expression: string;
  /** JSON text. */
  readonly scope: string;
  readonly isSecondTry: boolean;
  readonly answer: (answer: IsolatedAnswer) => void;
}

const failed = (message: string): IsolatedAnswer => ({ error: { message } });
const heapMb = 128;

/**
 * JSONata in a thread of its own, one evaluation after the other. An evaluation that takes too long or
 * too much memory ends with its thread, and the next one gets a new thread (some 50 ms). A timeout of
 * `node:vm` would not do: ending a microtask from outside aborts the process when async hooks are on.
 *
 * A machine that stands still for a moment must not fail a run: what ran out of time is evaluated once
 * more, after everything that waits.
 */
export class IsolatedJsonata {
  readonly #queue: Request[] = [];
  #worker: Worker | undefined;
  #isReady = false;
  #current: Request | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly limits: ExpressionLimits) {}

  /** Never rejects. Keeps the process alive until it is answered. */
  evaluate(expression: string, scope: string): Promise<IsolatedAnswer> {
    return new Promise((answer) => {
      this.#queue.push({ expression, scope, isSecondTry: false, answer });
      this.#next();
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#drop(failed('the evaluator was closed'));
    await worker?.terminate();
  }

  #next(): void {
    if (this.#current || this.#queue.length === 0) return;
    const worker = (this.#worker ??= this.#start());
    worker.ref();
    if (!this.#isReady) return;
    const request = this.#queue.shift();
    if (!request) return;
    this.#current = request;
    this.#timer = setTimeout(() => this.#drop({ error: { message: `the evaluation took longer than ${this.limits.timeoutMs} ms`, isTimeout: true } }), this.limits.timeoutMs);
    worker.postMessage({ expression: request.expression, scope: request.scope });
  }

  #start(): Worker {
    const { timeoutMs, maxDepth, maxSequence, maxResultLength, cacheSize } = this.limits;
    const worker = new Worker(jsonataWorkerSource, {
      eval: true, env: {}, execArgv: [], stderr: false, stdout: false, resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
      workerData: {
        jsonata: createRequire(import.meta.url).resolve('jsonata'), cacheSize, maxResultLength,
        options: { timeout: timeoutMs, stack: maxDepth, sequence: maxSequence },
      },
    });
    worker.on('message', (message: unknown) => this.#hear(worker, message));
    const lost = (): void => {
      if (worker === this.#worker) this.#drop(failed('the evaluation took more memory than it may'));
    };
    worker.on('error', lost);
    worker.on('exit', lost);
    return worker;
  }

  #hear(worker: Worker, message: unknown): void {
    if (worker !== this.#worker) return;
    if (message === 'ready') this.#isReady = true;
    else this.#finish(isAnswer(message) ? message : failed('the evaluation gave no answer'));
    if (!this.#current && this.#queue.length === 0) worker.unref();
    this.#next();
  }

  #finish(answer: IsolatedAnswer): void {
    clearTimeout(this.#timer);
    const request = this.#current;
    this.#current = undefined;
    if (request && answer.error?.isTimeout && !request.isSecondTry) this.#queue.push({ ...request, isSecondTry: true });
    else request?.answer(answer);
  }

  /** Gives up the thread, with what it is doing; what waits goes to the next one. */
  #drop(answer: IsolatedAnswer): void {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#isReady = false;
    void worker?.terminate();
    this.#finish(answer);
    this.#next();
  }
}

const isAnswer = (message: unknown): message is IsolatedAnswer => typeof message === 'object' && message !== null;
