import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { jsonataWorkerSource } from './jsonata-worker-source.js';
import { threadCpuMs } from './thread-cpu.js';

export interface ExpressionLimits {
  /** Longest evaluation in milliseconds of the processor's time; where the system does not tell that, of the clock's. */
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

export type IsolatedAnswer = { readonly text?: string; readonly error?: undefined } | { readonly error: { readonly message: string; readonly position?: number } };

interface Request {
  readonly expression: string;
  /** JSON text. */
  readonly scope: string;
  readonly answer: (answer: IsolatedAnswer) => void;
}

const failed = (message: string): IsolatedAnswer => ({ error: { message } });
const heapMb = 128;
/** However little of the processor an evaluation gets, it ends after so many times its limit by the clock. */
const mostStarvation = 30;

/**
 * JSONata in a thread of its own, one evaluation after the other. An evaluation that takes too long or
 * too much memory ends with its thread, and the next one gets a new thread (some 50 ms). A timeout of
 * `node:vm` would not do: ending a microtask from outside aborts the process when async hooks are on.
 *
 * A busy machine must not fail a run: what counts is the time that the thread computed, not how long it
 * waited for a processor.
 */
export class IsolatedJsonata {
  readonly #queue: Request[] = [];
  #worker: Worker | undefined;
  #isReady = false;
  /** What the system calls the thread, where it says so. */
  #thread: string | undefined;
  #current: Request | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly limits: ExpressionLimits) {}

  /** Never rejects. Keeps the process alive until it is answered. */
  evaluate(expression: string, scope: string): Promise<IsolatedAnswer> {
    return new Promise((answer) => {
      this.#queue.push({ expression, scope, answer });
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
    this.#limit({ cpuMs: threadCpuMs(this.#thread), endsAt: performance.now() + this.limits.timeoutMs * mostStarvation }, this.limits.timeoutMs);
    worker.postMessage({ expression: request.expression, scope: request.scope });
  }

  /** Ends the evaluation when it has used up its time, which is looked at in `leftMs`. */
  #limit(since: { readonly cpuMs: number | undefined; readonly endsAt: number }, leftMs: number): void {
    const { timeoutMs } = this.limits;
    this.#timer = setTimeout(() => {
      const cpuMs = threadCpuMs(this.#thread);
      const left = since.cpuMs === undefined || cpuMs === undefined || performance.now() > since.endsAt ? 0 : timeoutMs - (cpuMs - since.cpuMs);
      if (left > 0) this.#limit(since, left);
      else this.#drop(failed(`the evaluation took longer than ${timeoutMs} ms`));
    }, leftMs);
  }

  #start(): Worker {
    const { maxDepth, maxSequence, maxResultLength, cacheSize } = this.limits;
    const worker = new Worker(jsonataWorkerSource, {
      eval: true, env: {}, execArgv: [], stderr: false, stdout: false, resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
      workerData: {
        jsonata: createRequire(import.meta.url).resolve('jsonata'), cacheSize, maxResultLength,
        options: { stack: maxDepth, sequence: maxSequence },
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
    if (isReadiness(message)) {
      this.#isReady = true;
      this.#thread = message.thread;
    } else this.#finish(isAnswer(message) ? message : failed('the evaluation gave no answer'));
    if (!this.#current && this.#queue.length === 0) worker.unref();
    this.#next();
  }

  #finish(answer: IsolatedAnswer): void {
    clearTimeout(this.#timer);
    const request = this.#current;
    this.#current = undefined;
    request?.answer(answer);
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

const isReadiness = (message: unknown): message is { readonly ready: true; readonly thread?: string } => typeof message === 'object' && message !== null && 'ready' in message;
const isAnswer = (message: unknown): message is IsolatedAnswer => typeof message === 'object' && message !== null;
