import { viewerKeysOf } from '@cs/automation-domain';
import type { CallContext, PayloadOf, ReplyOf, RpcMethod, RpcReply } from '@cs/contracts';
import type { ProjectionProgress } from '@cs/eventing';
import { toPosition, type JsonText } from '@cs/kernel';
import { answerRpc, refusal, type Logger } from '@cs/platform';
import { decodeCursor, encodeCursor, ProjectionUnavailableError, tenantKey, type ItemsPage, type PageRequest, type Reader, type ServiceQueries } from '@cs/read-models';

/** How long a read waits for the projection to reach the position that its caller asks for. */
const patienceMs = 2000;
const retryAfterS = 1;

interface ReadPayload {
  readonly min_position?: number | undefined;
  readonly cursor?: string | undefined;
}

const behind = (position: number): RpcReply<never> => ({
  ok: false, retry_after_s: retryAfterS,
  refusal: { code: 'PROJECTION_BEHIND', message: `the projection has not reached position ${position} yet`, details: { position } },
});

const unavailable: RpcReply<never> = {
  ok: false, retry_after_s: retryAfterS, refusal: { code: 'PROJECTION_UNAVAILABLE', message: 'the database of the projections cannot be reached' },
};

const cursorProblem = { path: 'cursor', code: 'invalid_cursor', message: 'is no cursor of this list; use `next_cursor` of the page before' };

export const invalidCursor = (): RpcReply<never> => refusal('REQUEST_QUERY_INVALID', `cursor ${cursorProblem.message}`, { problems: [cursorProblem] });

/** The part of a list that a call asks for; `undefined` when its cursor is none of ours. */
export const pageOf = ({ limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined }): PageRequest | undefined => {
  if (cursor === undefined) return { limit };
  const after = decodeCursor(cursor);
  return after && { limit, after };
};

/** A page as clients get it. */
export const toAnswer = <Item, Shown>({ items, next }: ItemsPage<Item>, show: (item: Item) => Shown) => ({
  ok: true as const,
  value: { items: items.map(show), ...(next === undefined ? {} : { next_cursor: encodeCursor(next) }) },
});

type Handler<Method, Reply = ReplyOf<Method>> = (payload: PayloadOf<Method>, reader: Reader, context: CallContext) => Promise<RpcReply<Reply>>;

const readerOf = ({ tenant, verified }: CallContext): Reader => ({ ...tenantKey(tenant), viewer_keys: viewerKeysOf(verified) });

/** What every read has in common: its tenant, its patience, and its answer when the database is away. */
export class Reads {
  #projected = 0;

  constructor(private readonly options: { readonly logger: Logger; readonly progress: ProjectionProgress; readonly queries: ServiceQueries }) {}

  answer<Method extends RpcMethod>(method: Method, handler: Handler<Method>): (raw: unknown) => Promise<RpcReply<ReplyOf<Method>>> {
    return answerRpc(method, this.options.logger, (payload, context) => this.#read(payload as PayloadOf<Method> & ReadPayload, () => handler(payload, readerOf(context), context)));
  }

  /** The same for an answer that its handler writes as JSON itself. */
  answerWritten<Method extends RpcMethod>(method: Method, handler: Handler<Method, JsonText<ReplyOf<Method>>>): (raw: unknown) => Promise<RpcReply<JsonText<ReplyOf<Method>>>> {
    return answerRpc<Method, JsonText<ReplyOf<Method>>>(method, this.options.logger, (payload, context) => this.#read(payload as PayloadOf<Method> & ReadPayload, () => handler(payload, readerOf(context), context)));
  }

  async #read<Reply>({ min_position = 0 }: ReadPayload, handler: () => Promise<RpcReply<Reply>>): Promise<RpcReply<Reply>> {
    try {
      if (!(await this.#reached(min_position))) return behind(min_position);
      return await handler();
    } catch (error) {
      if (!(error instanceof ProjectionUnavailableError)) throw error;
      this.options.logger.warn({ err: error }, 'projections unavailable');
      return unavailable;
    }
  }

  /** The projector says when it gets there; the database knows when its message was missed. */
  async #reached(position: number): Promise<boolean> {
    if (position <= this.#projected || position <= (await this.#ask())) return true;
    if (await this.options.progress.waitFor(toPosition(position), patienceMs)) {
      this.#projected = Math.max(this.#projected, position);
      return true;
    }
    return position <= (await this.#ask());
  }

  async #ask(): Promise<number> {
    this.#projected = Math.max(this.#projected, await this.options.queries.position());
    return this.#projected;
  }
}
