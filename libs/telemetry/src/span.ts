import { AsyncLocalStorage } from 'node:async_hooks';
import { subjectOf, type SpanAttributes } from './attributes.js';
import { readTraceparent, writeTraceparent, type TraceContext } from './traceparent.js';

export interface SpanSpec {
  readonly name: string;
  readonly kind: 'server' | 'client' | 'producer' | 'consumer';
  readonly attributes?: SpanAttributes;
  /** What came in with a message or request, and is continued; without a usable `traceparent` a trace begins. Absent: what is under way here. */
  readonly received?: { readonly traceparent: string | undefined };
  /** Continued when nothing is under way here. */
  readonly fallback?: string | undefined;
  /** `traceparent`s of causes in other traces. */
  readonly links?: readonly (string | undefined)[];
  /** Unix ms. Default now. */
  readonly startedAtMs?: number;
}

/** A span until it has ended. Without tracing it does nothing. */
export interface OpenSpan {
  /** `undefined` without tracing. */
  readonly traceparent: string | undefined;
  set(attributes: SpanAttributes): void;
  /** It went wrong; `type` is a code or the name of a class, never a message. */
  fail(type: string): void;
  /** Does the task with this span as what is under way. */
  run<Value>(task: () => Value): Value;
  end(): void;
}

/** A span as whatever records it knows it. */
export interface StartedSpan {
  readonly context: TraceContext;
  set(attributes: SpanAttributes): void;
  fail(type: string): void;
  end(): void;
}

export interface SpanStart extends Pick<SpanSpec, 'name' | 'kind' | 'startedAtMs'> {
  readonly attributes: SpanAttributes;
  readonly parent: TraceContext | undefined;
  readonly links: readonly TraceContext[];
}

/** What makes spans. */
export interface SpanSource {
  start(start: SpanStart): StartedSpan;
}

const noSpan: OpenSpan = { traceparent: undefined, set: () => undefined, fail: () => undefined, run: (task) => task(), end: () => undefined };

let source: SpanSource | undefined;

/** What makes spans in this process from now on; `undefined`: nothing does. */
export const useSpanSource = (next: SpanSource | undefined): void => {
  source = next;
};

/** Spans are made in this process. */
export const isTracing = (): boolean => source !== undefined;

class RecordedSpan implements OpenSpan {
  readonly #span: StartedSpan;
  #subject: SpanAttributes;

  constructor(span: StartedSpan, subject: SpanAttributes) {
    this.#span = span;
    this.#subject = subject;
  }

  get context(): TraceContext {
    return this.#span.context;
  }

  get traceparent(): string {
    return writeTraceparent(this.#span.context);
  }

  /** What spans within it have in common with it. */
  get subject(): SpanAttributes {
    return this.#subject;
  }

  set(attributes: SpanAttributes): void {
    this.#subject = { ...this.#subject, ...subjectOf(attributes) };
    this.#span.set(attributes);
  }

  fail(type: string): void {
    this.#span.fail(type);
  }

  run<Value>(task: () => Value): Value {
    return underWay.run(this, task);
  }

  end(): void {
    this.#span.end();
  }
}

const underWay = new AsyncLocalStorage<RecordedSpan>();

/** `traceparent` of what is under way here. */
export const currentTraceparent = (): string | undefined => underWay.getStore()?.traceparent;

/** Does something that outlives what is under way here, as a part of nothing. */
export const apart = <Value>(task: () => Value): Value => underWay.exit(task);

/** Adds to the span of what is under way here, if any. */
export const markCurrent = (attributes: SpanAttributes): void => underWay.getStore()?.set(attributes);

const contextsOf = (traceparents: readonly (string | undefined)[]): readonly TraceContext[] => traceparents.flatMap((traceparent) => readTraceparent(traceparent) ?? []);

type Continued = Pick<SpanStart, 'parent'> & { readonly subject: SpanAttributes };

const continued = ({ received, fallback }: SpanSpec): Continued => {
  if (received !== undefined) return { parent: readTraceparent(received.traceparent), subject: {} };
  const outer = underWay.getStore();
  return outer === undefined ? { parent: readTraceparent(fallback), subject: {} } : { parent: outer.context, subject: outer.subject };
};

/** Opens a span; whoever does so ends it. */
export const openSpan = (spec: SpanSpec): OpenSpan => {
  if (source === undefined) return noSpan;
  const { name, kind, links = [], startedAtMs } = spec;
  const { parent, subject } = continued(spec);
  const attributes = { ...subject, ...spec.attributes };
  const span = source.start({ name, kind, attributes, parent, links: contextsOf(links), ...(startedAtMs === undefined ? {} : { startedAtMs }) });
  return new RecordedSpan(span, subjectOf(attributes));
};

/** Does a task within a span, which ends with it. What the task throws marks the span by its class. */
export const inSpan = async <Value>(spec: SpanSpec, task: (span: OpenSpan) => Promise<Value>): Promise<Value> => {
  const span = openSpan(spec);
  try {
    return await span.run(() => task(span));
  } catch (error) {
    span.fail(error instanceof Error ? error.name : 'unknown');
    throw error;
  } finally {
    span.end();
  }
};
