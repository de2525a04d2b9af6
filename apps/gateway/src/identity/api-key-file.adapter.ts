import type { Logger } from '@cs/platform';
import { readFile, stat } from 'node:fs/promises';
import { parseApiKeyFile, type ApiKeyRing } from './api-key-ring.js';

const checkIntervalMs = 1000;

interface Options {
  readonly path: string;
  readonly logger: Logger;
  readonly now?: () => number;
}

const stampOf = async (path: string): Promise<string> => {
  const { mtimeMs, size, ino } = await stat(path);
  return `${mtimeMs}/${size}/${ino}`;
};

/**
 * The key file, read again when it changed; looked at no more than once a second. A file that has
 * become unusable is reported and the last usable keys stay: an editor that is half-way through
 * writing must not lock everyone out. To revoke every key, write `[]`.
 */
export class ApiKeyFile {
  readonly #options: Options;
  readonly #now: () => number;
  #ring: ApiKeyRing;
  #stamp: string;
  #checkedAt: number;
  #checking: Promise<void> | undefined;

  private constructor(options: Options, first: { readonly ring: ApiKeyRing; readonly stamp: string }) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#ring = first.ring;
    this.#stamp = first.stamp;
    this.#checkedAt = this.#now();
  }

  /** Throws when the file cannot be read or used: a gateway does not start without its keys. */
  static async open(options: Options): Promise<ApiKeyFile> {
    const stamp = await stampOf(options.path);
    return new ApiKeyFile(options, { ring: parseApiKeyFile(await readFile(options.path, 'utf8')), stamp });
  }

  /** The keys that hold now; a promise only when it is time to look at the file. */
  current(): ApiKeyRing | Promise<ApiKeyRing> {
    if (this.#checking === undefined && this.#now() - this.#checkedAt < checkIntervalMs) return this.#ring;
    this.#checking ??= this.#check();
    return this.#checking.then(() => this.#ring);
  }

  async #check(): Promise<void> {
    try {
      const stamp = await stampOf(this.#options.path);
      if (stamp !== this.#stamp) {
        this.#ring = parseApiKeyFile(await readFile(this.#options.path, 'utf8'));
        this.#stamp = stamp;
        this.#options.logger.info('API keys were read again');
      }
    } catch (error) {
      this.#options.logger.error({ err: error }, 'the API key file cannot be used; the keys read before stay valid');
    } finally {
      this.#checkedAt = this.#now();
      this.#checking = undefined;
    }
  }
}
