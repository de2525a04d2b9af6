import type { Position } from '@cs/kernel';
import type { ProjectionStore } from '@cs/read-models';

/**
 * Keeps in the database how far publishing is while nothing else is written. It matters when the published
 * stream is lost: what stands there is not published again. A mark that fails is set by the next.
 */
export class PublishedMarks {
  readonly #store: Pick<ProjectionStore, 'markPublished'>;
  #marked: Position;
  #marking = false;

  constructor(store: Pick<ProjectionStore, 'markPublished'>, marked: Position) {
    this.#store = store;
    this.#marked = marked;
  }

  async set(published: Position): Promise<void> {
    if (this.#marking || published <= this.#marked) return;
    this.#marking = true;
    try {
      await this.#store.markPublished(published);
      this.#marked = published;
    } catch {
      // The database is away: what is projected next says it too.
    } finally {
      this.#marking = false;
    }
  }
}
